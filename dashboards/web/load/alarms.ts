/** Anomalies as lines of a page; homes are not named. */
import type { Anomaly } from '../../../core/reading.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate } from '../../figures/residential.ts';
import type { AlarmLine } from '../models.ts';

export const alarmLine = (directory: Directory, { id, subject, quantity, kind, since, until, reason }: Anomaly): AlarmLine => {
  const hidden = isPrivate(directory, subject);
  const site = directory.town.devices.find((device) => device.id === subject)?.site ?? null;
  return {
    id: hidden ? String(since) : id,
    device: hidden ? null : subject,
    site: hidden ? null : site,
    quantity,
    kind,
    since,
    until,
    reason: hidden ? { fr: 'Compteur résidentiel : détail non publié.', en: 'Residential meter: detail not published.' } : reason,
  };
};
