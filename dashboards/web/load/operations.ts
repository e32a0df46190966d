/** How gate and plant fare: rates, lag, books, dead letters, silence, anomalies. */
import type { FailureCode } from '../../../core/failure.ts';
import type { Status, Views } from '../../../core/views.ts';
import { mustGiveName } from '../../adopt.ts';
import { books } from '../../books.ts';
import type { Directory } from '../../directory.ts';
import { isPrivate, isPrivateLetter, shownSites } from '../../figures/residential.ts';
import { isBehind, lagMs } from '../../lag.ts';
import type { OperationsModel } from '../models.ts';
import { diskTrouble } from '../text/trouble.ts';
import { anomalyLine } from './anomalies.ts';
import type { Source } from './source.ts';

const lettersShown = 30;
const countsShown = 50;
const anomaliesShown = 20;
const silentShown = 100;
const limitsShown = 12;

/** The start of a payload; the API gives all of it. */
const payloadCharsShown = 2_000;
const excerpt = (payload: string): string => (payload.length > payloadCharsShown ? `${payload.slice(0, payloadCharsShown)}…` : payload);

const stateOf = (status: Status, now: number): OperationsModel['state'] => {
  if (status.trouble !== null) return 'trouble';
  if (status.waiting !== null) return 'waiting';
  return isBehind(status, now) ? 'catching-up' : 'open';
};

/** Limits of the door that were reached, the most often reached first. */
const limitsOf = ({ report }: Status): OperationsModel['limits'] => {
  if (report?.door == null) return [];
  const { refused, slowed, forwardsDropped } = report.door;
  const counts = Object.entries({ ...refused, ...slowed, ...(forwardsDropped > 0 ? { forwardsDropped } : {}) });
  return counts
    .map(([name, count]) => ({ name, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, limitsShown);
};

type Count = Awaited<ReturnType<Views['deadLetterCounts']>>[number];

/** Counts by code and device; those of homes, and of whatever else is not named, by code alone. */
const countsOf = (directory: Directory, counts: readonly Count[]): Count[] => {
  const shown: Count[] = [];
  const hidden = new Map<string, Count>();
  for (const row of counts) {
    if (!isPrivateLetter(directory, row)) {
      shown.push(row);
      continue;
    }
    const { code, count, lastLogTime } = row;
    const sum = hidden.get(code);
    hidden.set(code, { code, subject: '', count: count + (sum?.count ?? 0), lastLogTime: Math.max(lastLogTime, sum?.lastLogTime ?? 0) });
  }
  return [...hidden.values(), ...shown];
};

export const loadOperations = async ({ views, types, directory, now }: Source, message: string | null): Promise<OperationsModel> => {
  const [status, found, counts, letters, silent, anomalies] = await Promise.all([
    views.status(),
    books(views),
    views.deadLetterCounts(),
    views.deadLetters({ limit: lettersShown }),
    views.silent(),
    views.anomalies({ limit: anomaliesShown }),
  ]);
  const shownSilent = silent.filter(({ subject }) => !isPrivate(directory, subject));
  return {
    state: stateOf(status, now),
    trouble: status.trouble === null ? null : diskTrouble(status.trouble),
    troubleSince: status.report?.troubleSince ?? null,
    waiting: status.waiting,
    heldBytes: status.report === null ? null : status.report.log.bytes,
    uncommittedRows: status.uncommittedRows,
    plant: status.report?.plant ?? null,
    limits: limitsOf(status),
    envelopesPerSecond: status.envelopesPerSecond,
    readingsPerSecond: status.readingsPerSecond,
    lagEnvelopes: status.logEnd - status.position,
    lagMs: lagMs(status, now),
    storeBytes: status.storeBytes,
    diskFreeBytes: status.gate === null || status.gate.diskFreeBytes < 0 ? null : status.gate.diskFreeBytes,
    held: status.gate?.held ?? null,
    connections: status.gate?.connections ?? null,
    startedAt: status.startedAt,
    books: {
      balanced: found.balanced,
      envelopes: { ...found.envelopes },
      readings: { ...found.readings },
      qos0Dropped: found.qos0_dropped,
      unidentified: found.unidentified,
    },
    letterCounts: countsOf(directory, counts)
      .slice(0, countsShown)
      .map((row) => ({ ...row, adoptable: row.code === 'unknown-device' && row.subject !== '' })),
    letters: letters.rows.map(({ offset, item, subject, code, message: said, topic, logTime, payload, version }) => {
      const hidden = isPrivateLetter(directory, { subject, code });
      return {
        offset,
        item,
        subject: hidden ? '' : subject,
        code: code as FailureCode,
        // It may quote what was sent, and by whom.
        message: hidden ? '' : said,
        topic: hidden ? '' : topic,
        logTime,
        payload: hidden ? '' : excerpt(payload),
        reopened: version === 1,
      };
    }),
    types: [...types.values()].map(({ type: { name, label } }) => ({ name, label })),
    sites: shownSites(directory).map(({ id, name }) => ({ id, name })),
    silent: shownSilent.slice(0, silentShown).map(({ subject, since }) => ({ device: subject, since })),
    silentHomes: silent.length - shownSilent.length,
    anomalies: anomalies.rows.map((row) => anomalyLine(directory, row)),
    devices: directory.town.devices.length,
    message: message === null || isPrivate(directory, message) ? null : message,
    mustGiveName: mustGiveName(directory),
  };
};
