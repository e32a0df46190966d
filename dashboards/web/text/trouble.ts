/** What went wrong with disk, store and plant, in the words of each language. What a system or a library said itself stays as it was said. */
import type { FailureCode } from '../../../core/failure.ts';
import type { PlantEnd } from '../../../core/views.ts';
import type { DiskTrouble, Language } from '../models.ts';

/** The error's name stands in what Node says: `ENOSPC: no space left on device, write`. */
export const diskTrouble = (said: string): DiskTrouble => ({ errno: /\b(E[A-Z]{2,}):/.exec(said)?.[1] ?? null, detail: said });

export interface TroubleWords {
  disk(trouble: DiskTrouble): string;
  /** @param freeMb of the disk @param keptMb for the log */
  room(freeMb: string, keptMb: string): string;
  /** Without what the system said: that is `detail` of an end that failed. */
  plantEnd(end: PlantEnd): string;
}

type Codes = Partial<Readonly<Record<FailureCode, string>>>;
type Errnos = Readonly<Record<string, string>>;

const frErrnos: Errnos = {
  ENOSPC: 'le disque est plein',
  EDQUOT: 'le quota du disque est atteint',
  EIO: 'le disque est défaillant',
  EROFS: 'le disque ne peut être que lu',
  EACCES: "l'accès au fichier est refusé",
  EPERM: "l'accès au fichier est refusé",
  EMFILE: 'trop de fichiers sont ouverts',
};
const enErrnos: Errnos = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is reached',
  EIO: 'the disk fails',
  EROFS: 'the disk can only be read',
  EACCES: 'access to the file is denied',
  EPERM: 'access to the file is denied',
  EMFILE: 'too many files are open',
};
const frCodes: Codes = {
  'store-failed': 'la base ne peut être lue ou écrite',
  'store-corrupt': 'la base est endommagée',
  'log-corrupt': 'le journal est endommagé',
  'log-unreadable': 'le journal ne peut être lu',
  'newer-version': 'les données ont été écrites par une version plus récente',
  'port-taken': 'le port est déjà pris',
  'data-not-writable': 'le dossier des données ne peut être écrit',
};
const enCodes: Codes = {
  'store-failed': 'the store cannot be read or written',
  'store-corrupt': 'the store is damaged',
  'log-corrupt': 'the log is damaged',
  'log-unreadable': 'the log cannot be read',
  'newer-version': 'the data were written by a later version',
  'port-taken': 'the port is taken',
  'data-not-writable': 'the data folder cannot be written',
};

const named = (names: Errnos, { errno }: DiskTrouble, other: string): string => (errno === null ? other : `${names[errno] ?? other} (${errno})`);
const seconds = (ms: number): number => Math.round(ms / 1000);

const words: Readonly<Record<Language, TroubleWords>> = {
  fr: {
    disk: (trouble) => named(frErrnos, trouble, "le système refuse l'écriture"),
    room: (freeMb, keptMb) => `${freeMb} Mo du disque sont libres ; ${keptMb} Mo sont réservés au journal.`,
    plantEnd(end) {
      if (end.how === 'failed') return `${frCodes[end.code] ?? 'une panne'} (${end.code})`;
      if (end.how === 'exited') return `il a pris fin de lui-même (${end.status})`;
      return `il ne répondait plus depuis ${seconds(end.ms)} s et a été arrêté`;
    },
  },
  en: {
    disk: (trouble) => named(enErrnos, trouble, 'the system refuses to write'),
    room: (freeMb, keptMb) => `${freeMb} MB of the disk are free; ${keptMb} MB are kept for the log.`,
    plantEnd(end) {
      if (end.how === 'failed') return `${enCodes[end.code] ?? 'a failure'} (${end.code})`;
      if (end.how === 'exited') return `it ended by itself (${end.status})`;
      return `it had not answered for ${seconds(end.ms)} s, and was ended`;
    },
  },
};
export const troubleWords = (language: Language): TroubleWords => words[language];
