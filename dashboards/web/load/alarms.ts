/** Anomalies as lines of a page; homes are not named. */
import type { Anomaly } from '../../../core/reading.ts';
import { levelOf } from '../../../core/window.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate } from '../../figures/residential.ts';
import type { AlarmLine } from '../models.ts';

/** The path of the receipt around the moment at which it began; null where a whole device is concerned. */
const receiptOf = (directory: Directory, subject: string, quantity: string, since: number): string | null => {
  const device = directory.find(subject);
  if (device === undefined || quantity === '') return null;
  const window = directory.finestOf(device, quantity) <= levelOf('PT1H') ? 'PT1H' : 'P1D';
  return `/explain?device=${encodeURIComponent(subject)}&quantity=${quantity}&window=${window}&at=${since}`;
};

export const alarmLine = (directory: Directory, { id, subject, quantity, kind, since, until, reason, basisRevised }: Anomaly): AlarmLine => {
  // The server's own clock is nobody's.
  const hidden = kind !== 'clock-step' && isPrivate(directory, subject);
  const site = directory.find(subject)?.site ?? null;
  return {
    id: hidden ? String(since) : id,
    device: hidden ? null : subject,
    site: hidden ? null : site,
    quantity,
    kind,
    since,
    until,
    reason: hidden
      ? { fr: 'Logement, ou appareil hors de la ville : détail non publié.', en: 'A home, or a device that is not in the town: detail not published.' }
      : reason,
    revised: hidden || basisRevised === undefined ? null : { receipt: receiptOf(directory, subject, quantity, since) },
  };
};
