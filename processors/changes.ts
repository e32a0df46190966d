/** What later revisions made of a figure: old, new, why and when, from its versions, the readings that the revisions wrote, and their log times. */
import type { FoldRule } from '../core/fold.ts';
import { closesAt } from '../core/month.ts';
import type { Pane } from '../core/pane.ts';
import type { Key, Store, Written } from '../core/store.ts';
import type { Change, ChangeCause } from '../core/views.ts';
import { calendar, levelOf } from '../core/window.ts';

const causesOf = (written: Written | undefined, isWhole: boolean): ChangeCause[] => {
  // No reading of its own: the gate's absence became known, or the next reading closed a gap. Or they are behind the horizon.
  if (written === undefined) return [isWhole ? 'refolded' : 'unknown'];
  const causes: ChangeCause[] = [];
  if (written.corrected > 0) causes.push('correction');
  if (written.late > 0) causes.push('late');
  if (written.imported > 0) causes.push('import');
  if (written.reopened > 0) causes.push('reopened');
  return causes;
};

/** What the revisions wrote near the window, or, where that is nothing, anywhere: a register's reset leaves its mark in the next reading, however far. */
const writtenNear = async (store: Store, key: Key, { holdMs }: FoldRule, { start, end }: Pane, revisions: readonly number[]): Promise<Map<number, Written>> => {
  const near = await store.written(key, start - holdMs, end + holdMs, revisions);
  const missing = revisions.filter((revision) => !near.some((one) => one.revision === revision));
  const far = await store.written(key, 0, Number.MAX_SAFE_INTEGER, missing);
  return new Map([...near, ...far].map((one) => [one.revision, one]));
};

/**
 * The changes of one pane.
 * @param versions all of them, oldest first; a lifetime's total grows by design, and has no changes
 * @param isWhole false where readings of the window were cut at the horizon
 * @returns oldest first; of a closed month also the first figure, where readings brought it that came late
 */
export const changesOf = async (
  store: Store,
  key: Key,
  rule: FoldRule,
  versions: readonly Pane[],
  closesAfterDays: number,
  isWhole = true,
): Promise<Change[]> => {
  const [first] = versions;
  if (first === undefined || first.window === 'P') return [];
  const isMonth = first.window === 'P1M';
  const revised = versions.filter(({ version }) => version > 0 || isMonth);
  if (revised.length === 0) return [];
  const revisions = [...new Set(revised.map(({ revision }) => revision))];
  const times = new Map((await store.revisionTimes(revisions)).map(({ offset, logTime }) => [offset, logTime]));
  const written = await writtenNear(store, key, rule, first, revisions);
  const closes = isMonth ? closesAt(first, { closesAfterDays }) : Number.POSITIVE_INFINITY;
  const changes = revised.map((pane): Change => {
    const at = times.get(pane.revision) ?? null;
    return {
      old: versions.find(({ version }) => version === pane.version - 1) ?? null,
      new: pane,
      at,
      why: causesOf(written.get(pane.revision), isWhole),
      readings: written.get(pane.revision)?.readings ?? 0,
      isAdjustment: at !== null && at >= closes,
    };
  });
  // A window that closes on its own has a first figure too, but no revision that wrote readings of it.
  return changes.filter((change) => change.old !== null || (change.isAdjustment && change.readings > 0));
};

/** What changed the closed civil month around `at` of these keys, in their order, oldest first. */
export const adjustmentsOf = async (
  store: Store,
  ruleOf: (key: Key) => FoldRule | undefined,
  keys: readonly Key[],
  at: number,
  closesAfterDays: number,
): Promise<Change[]> => {
  const found: Change[] = [];
  for (const key of keys) {
    const rule = ruleOf(key);
    if (rule === undefined) continue;
    const { start } = calendar(rule.zone).windowAt(levelOf('P1M'), at);
    const changes = await changesOf(store, key, rule, await store.paneVersions(key, 'P1M', start), closesAfterDays);
    found.push(...changes.filter(({ isAdjustment }) => isAdjustment));
  }
  return found;
};
