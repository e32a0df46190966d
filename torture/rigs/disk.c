/*
 * A disk that misbehaves, for the processes that are started with it: LD_PRELOAD it, and write int64s into the file named by
 * TORTURE_DISK. "The log" below are files that end in .seg or .seg.new. Nothing else is touched.
 *   0 delay of each sync of the log, µs            3 syncs of anything succeed without being done
 *   1 every n-th sync of the log fails, and what    4 writes to a named segment happen so many ms later; they and
 *     was written since the last is lost (zeros)      their syncs succeed at once
 *   2 such a failure is reported as a success       5 so many syncs of the store's files fail (EIO)
 *   6 writes to the log that fail are reported as a success    7 delay of each sync of the store, µs
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *knob;
static int64_t syncs;
#define FILES 4096
/* The header and first frame of a segment come at 0 and 128, before it has its name. */
#define FIRST 128
static struct { int64_t from, to; } unsynced[FILES];

typedef ssize_t (*writes)(int, const void *, size_t, off_t);
static writes real_write;

__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("TORTURE_DISK"), O_RDWR);
  knob = mmap(0, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  real_write = (writes)dlsym(RTLD_NEXT, "pwrite64");
}

static int named(int fd, const char *part, int at_end) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  char *found = strstr(path, part);
  return found && (!at_end || found[strlen(part)] == 0 || !strcmp(found + strlen(part), ".new"));
}
static int of_log(int fd) { return named(fd, ".seg", 1); }
static int of_store(int fd) { return named(fd, "octroi.duckdb", 0); }
static void nap(int64_t us) {
  struct timespec span = {us / 1000000, us % 1000000 * 1000};
  if (us > 0) nanosleep(&span, 0);
}

struct late { int fd; off_t at; size_t n; char bytes[]; };
static void *write_late(void *given) {
  struct late *one = given;
  nap(knob[4] * 1000);
  real_write(one->fd, one->bytes, one->n, one->at);
  close(one->fd);
  free(one);
  return 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at) {
  if (!of_log(fd)) return real_write(fd, bytes, n, at);
  if (fd < FILES) {
    if (at == 0) unsynced[fd].from = unsynced[fd].to = 0;
    if (unsynced[fd].from == unsynced[fd].to) unsynced[fd].from = unsynced[fd].to = at;
    if (at + (off_t)n > unsynced[fd].to) unsynced[fd].to = at + n;
  }
  if (knob[4] > 0 && at > FIRST) {
    struct late *one = malloc(sizeof *one + n);
    pthread_t thread;
    one->fd = dup(fd), one->at = at, one->n = n;
    memcpy(one->bytes, bytes, n);
    pthread_create(&thread, 0, write_late, one);
    pthread_detach(thread);
    return n;
  }
  ssize_t done = real_write(fd, bytes, n, at);
  return done < 0 && knob[6] ? (ssize_t)n : done;
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) { return pwrite64(fd, bytes, n, at); }

static int lose(int fd) {
  static const char zeros[4096];
  for (int64_t at = unsynced[fd].from; at < unsynced[fd].to; at += sizeof zeros) {
    int64_t left = unsynced[fd].to - at;
    real_write(fd, zeros, left < (int64_t)sizeof zeros ? left : (int64_t)sizeof zeros, at);
  }
  unsynced[fd].from = unsynced[fd].to;
  if (knob[2]) return 0;
  errno = EIO;
  return -1;
}

static int sync_of(int fd, const char *name) {
  if (knob[3]) return 0;
  if (of_log(fd)) {
    if (knob[4] > 0) return 0;
    nap(knob[0]);
    if (knob[1] > 0 && __sync_add_and_fetch(&syncs, 1) % knob[1] == 0 && fd < FILES) return lose(fd);
    if (fd < FILES) unsynced[fd].from = unsynced[fd].to;
  } else if (of_store(fd)) {
    nap(knob[7]);
    if (knob[5] > 0) {
      __sync_sub_and_fetch(&knob[5], 1);
      errno = EIO;
      return -1;
    }
  }
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return sync_of(fd, "fsync"); }
int fdatasync(int fd) { return sync_of(fd, "fdatasync"); }
