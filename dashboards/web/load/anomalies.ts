/** Anomalies as lines of a page; homes are not named. */
import type { Anomaly } from '../../../core/reading.ts';
import { levelOf } from '../../../core/window.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate } from '../../figures/residential.ts';
import type { AnomalyLine } from '../alarm-models.ts';

/** The path of the receipt around the moment at which it began; null where a whole device is concerned. */
export const anomalyReceipt = (directory: Directory, subject: string, quantity: string, since: number): string | null => {
  const device = directory.find(subject);
  if (device === undefined || quantity === '') return null;
  const window = directory.finestOf(device, quantity) <= levelOf('PT1H') ? 'PT1H' : 'P1D';
  return `/explain?device=${encodeURIComponent(subject)}&quantity=${quantity}&window=${window}&at=${since}`;
};

export const hiddenReason: Anomaly['reason'] = {
  fr: 'Logement, ou appareil hors de la ville : détail non publié.',
  en: 'A home, or a device that is not in the town: detail not published.',
};

export const anomalyLine = (directory: Directory, { id, subject, quantity, kind, since, until, reason, basisRevised }: Anomaly): AnomalyLine => {
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
    reason: hidden ? hiddenReason : reason,
    revised: hidden || basisRevised === undefined ? null : { receipt: anomalyReceipt(directory, subject, quantity, since) },
  };
};
