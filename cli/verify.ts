/** `octroi verify`: every pane recomputed from the stored readings by separate SQL. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Verified } from '../stores/verify.ts';
import { configOf, dataCommand, print } from './options.ts';
import { withProgress } from './progress-bar.ts';
import { stopAsked } from './stop-asked.ts';
import { type Asked, inWorkshop } from './workshop.ts';

/** Runs a verification, says how far it is, and ends it early where that is asked for. */
const watched = (views: Asked, stop: Promise<null>): Promise<Verified> => {
  const name = randomUUID();
  stop.then(() => views.endVerify(name)).catch(() => {});
  return withProgress(async () => {
    const progress = await views.verifying(name);
    return progress === null ? null : [progress.done / progress.of, `${progress.done} of ${progress.of} readings and figures`];
  }, views.verify(name));
};

/** Why it does not stand for "all figures are right"; null where it does. */
const shortfall = ({ keys, unknownKeys, complete }: Verified): string | null => {
  if (!complete) return 'ended before it was done';
  if (keys === 0 || unknownKeys < keys) return null;
  return `nothing was compared: of none of the ${keys} series it is known how its readings make figures; was this store made by this town?`;
};

const report = (result: Verified): string[] => {
  const { compared, different, examples, keys, unknownKeys, complete } = result;
  if (keys === 0 && complete) return ['nothing to compare: the store holds no readings'];
  const short = shortfall(result);
  const unknown = unknownKeys > 0 && unknownKeys < keys ? [`not compared: ${unknownKeys} of ${keys} series, whose devices are not in the town`] : [];
  // A window that ended before the last reading of its series, and lacks its figure, would be a difference.
  if (compared === 0 && short === null)
    return [`nothing to compare yet: of ${keys} series with readings none has a figure; run it again when the first window has closed`, ...unknown];
  return [
    `compared ${compared}, different ${different}`,
    ...examples.map((example) => `  ${JSON.stringify(example)}`),
    ...unknown,
    ...(short === null ? [] : [short]),
  ];
};

export const verifyCommand = (): Command =>
  dataCommand('verify', 'recompute every pane from the stored readings, by other means, and compare').action(async ({ json, ...options }) => {
    const stop = stopAsked();
    const result = await inWorkshop(configOf(options), ({ views }) => watched(views, stop));
    print(json, result, () => report(result).join('\n'));
    if (result.different > 0 || shortfall(result) !== null) process.exitCode = 1;
  });
