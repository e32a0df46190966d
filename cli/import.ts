/** `octroi import`: CSV files of history into a data folder, by profiles. What a file means is left to `imports/`. */
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { fail } from '../core/failure.ts';
import type { Ledger } from '../core/store.ts';
import { type Device, emptyTown } from '../core/town.ts';
import { bundledProfiles, type Profile, readProfile } from '../imports/profile.ts';
import { type DeviceRows, readRows } from '../imports/rows.ts';
import { counted } from './counted.ts';
import { type Refusals, refusalsOf, withoutKnown } from './import-known.ts';
import { configOf, dataCommand, print } from './options.ts';
import { types } from './types.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

/** Readings that are appended at once; each time the log is synced and the store commits. */
const appendReadingsMax = 40_000;
/** Readings out of order that the plant holds before the import waits for it. */
const waitingMax = 20_000;
/** A tick at least that often: after 5 s without one the gate counts as closed. */
const tickMs = 1_000;
/** Pause between two looks at what still waits, where nothing of it has gone. */
const drainLookMs = 100;
const progressMs = 500;
const progressLineMs = 5_000;

export interface ImportedFile {
  readonly file: string;
  readonly profile: string;
  readonly rows: number;
  /** Cells of rows that could be read, missing ones included. */
  readonly readings: number;
  readonly refused: number;
}

export interface Imported {
  readonly files: readonly ImportedFile[];
  /** Files of a folder that no profile knows. */
  readonly skipped: readonly string[];
  readonly rows: number;
  readonly readings: number;
  readonly refused: number;
  /** Of the rows and cells that could not be read, the first. */
  readonly firstRefused: { readonly where: string; readonly message: string } | null;
  /** What the ledger gained, from the beginning until nothing of the files waits. */
  readonly stored: number;
  readonly duplicate: number;
  readonly corrected: number;
  readonly deadLetter: number;
  /** How many of these four are none of the files': a gate takes what devices send meanwhile. */
  readonly others: number;
  readonly seconds: number;
  readonly readingsPerSecond: number;
}

interface Task {
  readonly path: string;
  readonly profile: Profile;
}

/** Which file is read by which profile. @throws FailureError `no-profile`, `bad-request` (no such path), `profile-invalid` */
const tasksOf = async (paths: readonly string[], profileFile: string | undefined): Promise<{ tasks: Task[]; skipped: string[] }> => {
  const given = profileFile === undefined ? undefined : readProfile(profileFile, types);
  const profiles = given === undefined ? bundledProfiles(types) : [given];
  const known = (path: string): Profile | undefined => profiles.find(({ files }) => files.includes(basename(path)));
  const tasks: Task[] = [];
  const skipped: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) throw fail('bad-request', 'there is no such file or folder', path);
    if ((await stat(path)).isDirectory()) {
      for (const name of (await readdir(path)).sort()) {
        const profile = known(name);
        if (profile === undefined) skipped.push(name);
        else tasks.push({ path: join(path, name), profile });
      }
      continue;
    }
    const profile = given ?? known(path);
    if (profile === undefined) throw fail('no-profile', 'no profile knows this file', path);
    tasks.push({ path, profile });
  }
  if (tasks.length === 0) throw fail('no-profile', `no profile knows a file in ${paths.length === 1 ? 'this folder' : 'these folders'}`, paths.join(', '));
  return { tasks, skipped };
};

/** A fresh folder gets an empty town, so that it is nobody else's. */
const prepare = async (workshop: Workshop): Promise<void> => {
  if ((await workshop.views.ledger()).envelopes.appended > 0) return;
  await workshop.change({ action: 'apply', town: emptyTown });
};

const adopt = async (workshop: Workshop, profiles: Iterable<Profile>): Promise<void> => {
  const known = new Set((await workshop.views.town()).devices.map(({ id }) => id));
  for (const { devices } of profiles) {
    for (const device of devices) {
      if (!known.has(device.id)) await workshop.change({ action: 'adopt', device: { ...device, imported: true } });
      known.add(device.id);
    }
  }
  await workshop.catchUp();
};

class Importer {
  rows = 0;
  readings = 0;
  refused = 0;
  /** Cells and refused rows that were appended: each becomes one reading of the books. */
  sent = 0;
  firstRefused: Imported['firstRefused'] = null;
  readonly #workshop: Workshop;
  readonly #known: Refusals;
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #subjects: readonly string[];
  #drafts: Parameters<Workshop['append']>[0][number][] = [];
  #waiting = 0;
  #tickedAt = 0;
  /** Offset after the group before. */
  #sentEnd = 0;

  constructor(workshop: Workshop, known: Refusals, devices: readonly Device[], subjects: readonly string[]) {
    this.#workshop = workshop;
    this.#known = known;
    this.#subjects = subjects;
    this.#devices = new Map(devices.map((device) => [device.id, device]));
  }

  async file({ path, profile }: Task, progress: (rows: number) => void): Promise<ImportedFile> {
    const before = { readings: this.readings, refused: this.refused };
    let rows = 0;
    for await (const part of readRows(createReadStream(path, { encoding: 'utf8', highWaterMark: 262_144 }), profile, basename(path))) {
      for (const batch of part.batches) await this.#take(batch);
      rows = part.rows;
      progress(this.rows + rows);
    }
    await this.#send();
    this.rows += rows;
    return { file: basename(path), profile: profile.name, rows, readings: this.readings - before.readings, refused: this.refused - before.refused };
  }

  /** Closes the windows of what was imported: nothing more is expected. */
  async settle(): Promise<void> {
    await this.drain();
    await this.#workshop.append([{ kind: 'command', subject: '', payload: JSON.stringify({ action: 'settle', subjects: this.#subjects }) }]);
    await this.#tick();
    await this.drain();
  }

  /** Ticks until no reading of these devices waits to be revised, and the figures hold them all: each tick takes some days of each key. */
  async drain(): Promise<void> {
    await this.#workshop.catchUp();
    for (let before = Number.NaN; ; ) {
      const { readings, end } = await this.#workshop.views.waiting(this.#subjects);
      if (readings === 0) return this.#workshop.catchUp(end);
      if (readings === before) await delay(drainLookMs); // a gate ticks by itself
      before = readings;
      await this.#tick();
      await this.#workshop.catchUp();
    }
  }

  async #take({ subject, rows }: DeviceRows): Promise<void> {
    const readings = rows.at.length * rows.columns.length;
    this.readings += readings;
    this.refused += rows.refused.length;
    const [first] = rows.refused;
    if (first !== undefined) this.firstRefused ??= { where: `${rows.source}:${first.line}`, message: first.message };
    const device = this.#devices.get(subject);
    const type = types.get(device?.type ?? '');
    const declared = device === undefined || type === undefined ? undefined : { device, type };
    for (const part of withoutKnown(subject, rows, declared, this.#known, Date.now())) {
      this.sent += part.at.length * part.columns.length + part.refused.length;
      this.#drafts.push({ kind: 'import', subject, payload: JSON.stringify(part) });
    }
    this.#waiting += readings;
    if (this.#waiting >= appendReadingsMax) await this.#send();
  }

  /** Appends a group, while the plant still processes the one before it: two are on their way at the most. */
  async #send(): Promise<void> {
    const drafts = this.#drafts;
    this.#drafts = [];
    this.#waiting = 0;
    if (drafts.length === 0) return;
    const end = await this.#workshop.append(drafts);
    if (performance.now() - this.#tickedAt > tickMs) await this.#tick();
    await this.#workshop.catchUp(this.#sentEnd);
    this.#sentEnd = end;
    if ((await this.#workshop.views.ledger()).readings.waiting > waitingMax) await this.drain();
  }

  async #tick(): Promise<void> {
    this.#tickedAt = performance.now();
    await this.#workshop.tick();
  }
}

/** Shows how far it is: on a terminal in one line, which goes when the report comes; elsewhere a line now and then. */
const progressLine = (began: number): { show(rows: number, readings: number): void; end(): void } => {
  const { isTTY } = process.stderr;
  let shownAt = began;
  return {
    show(rows, readings) {
      const now = performance.now();
      if (now - shownAt < (isTTY ? progressMs : progressLineMs)) return;
      shownAt = now;
      const text = `${rows} rows, ${readings} readings, ${Math.round(readings / ((now - began) / 1_000))} readings/s`;
      process.stderr.write(isTTY ? `\r${text}   ` : `${text}\n`);
    },
    end: () => void (isTTY && process.stderr.write('\r\u001b[K')),
  };
};

const gained = (before: Ledger, after: Ledger) => ({
  stored: after.readings.stored - before.readings.stored,
  duplicate: after.readings.duplicate - before.readings.duplicate,
  corrected: after.readings.corrected - before.readings.corrected,
  deadLetter: after.readings.deadLetter - before.readings.deadLetter,
});

/**
 * Imports files into a data folder, which is made where there is none.
 * @param paths files, and folders of which every file that a profile knows is read
 * @throws FailureError `no-profile`, `profile-invalid`, `bad-request`, `data-in-use`
 */
export const importPaths = async (paths: readonly string[], config: Config, profileFile?: string): Promise<Imported> => {
  const { tasks, skipped } = await tasksOf(paths, profileFile);
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  const workshop = await openWorkshop(config, true);
  try {
    const began = performance.now();
    await prepare(workshop);
    const profiles = new Set(tasks.map(({ profile }) => profile));
    await adopt(workshop, profiles);
    const subjects = [...profiles].flatMap(({ devices }) => devices.map(({ id }) => id));
    const importer = new Importer(workshop, await refusalsOf(workshop.views), (await workshop.views.town()).devices, subjects);
    await importer.drain(); // what an import before left
    const before = await workshop.views.ledger();
    const line = progressLine(began);
    const files: ImportedFile[] = [];
    for (const task of tasks) files.push(await importer.file(task, (rows) => line.show(rows, importer.readings)));
    await importer.settle();
    line.end();
    const seconds = (performance.now() - began) / 1_000;
    const { rows, readings, refused, firstRefused, sent } = importer;
    const after = await workshop.views.ledger();
    // An envelope that cannot be read as a whole counts once.
    const others = Math.max(0, after.readings.accepted - before.readings.accepted - sent);
    const rate = { seconds: Math.round(seconds * 100) / 100, readingsPerSecond: Math.round(readings / seconds) };
    return { files, skipped, rows, readings, refused, firstRefused, ...gained(before, after), others, ...rate };
  } finally {
    await workshop.close();
  }
};

export const importReport = (imported: Imported): string => {
  const { files, skipped, rows, readings, refused, firstRefused, stored, duplicate, corrected, deadLetter, others, seconds, readingsPerSecond } = imported;
  // Of a single file its line has said it.
  const all = files.length === 1 ? '' : `all: ${counted(rows, 'row')}, ${counted(readings, 'reading')}, ${refused} refused; `;
  return [
    ...files.map((one) => `${one.file}: ${counted(one.rows, 'row')}, ${counted(one.readings, 'reading')}, ${one.refused} refused (profile ${one.profile})`),
    ...skipped.map((file) => `${file}: skipped, no profile knows it`),
    ...(firstRefused === null
      ? []
      : [`first refused: ${firstRefused.where}: ${firstRefused.message}; all of them: the dead letters of the operations page (/operations)`]),
    `${all}stored ${stored}, duplicate ${duplicate}, corrected ${corrected}, dead letters ${deadLetter}`,
    ...(others === 0 ? [] : [`of these ${counted(others, 'reading')} not of the files: the gate took ${others === 1 ? 'it' : 'them'} meanwhile`]),
    `${seconds} s, ${readingsPerSecond} readings/s`,
  ].join('\n');
};

/** Whether rows were read and none of them is in the figures. */
const tookNothing = ({ rows, readings, stored, duplicate, corrected }: Imported): boolean =>
  rows > 0 && (readings === 0 || stored + duplicate + corrected === 0);

export const importCommand = (): Command =>
  dataCommand('import', 'import CSV files of history, by profiles')
    .argument('<path...>', 'files; of a folder every file that a profile knows')
    .option('--profile <file>', 'profile to read them by (default: the bundled ones, by file name)')
    .action(async (paths: string[], { json, profile, ...options }) => {
      const imported = await importPaths(paths, configOf(options), profile);
      print(json, imported, () => importReport(imported));
      if (tookNothing(imported)) process.exitCode = 1;
    });
