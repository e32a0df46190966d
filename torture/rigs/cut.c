/* Cuts the power of a mounted ext4: what is in the page cache and the unwritten journal is gone, as of this moment (EXT4_IOC_SHUTDOWN). */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(int count, char **given) {
  uint32_t no_flush = 2;
  int folder = count == 2 ? open(given[1], O_RDONLY | O_DIRECTORY) : -1;
  if (folder < 0 || ioctl(folder, _IOR('X', 125, uint32_t), &no_flush) != 0) {
    perror("cut");
    return 1;
  }
  return 0;
}
