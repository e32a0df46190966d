/** Which gaps of a receipt the next reading may still fill. Which spans were observed is left to the pipeline. */
import type { FoldRule } from '../core/fold.ts';
import { Flag, type Reading } from '../core/reading.ts';
import type { ReceiptGap } from '../core/views.ts';

interface Known {
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** All of the window and its neighbours. */
  readonly readings: readonly Pick<Reading, 'at' | 'value' | 'flags'>[];
  readonly rule: Pick<FoldRule, 'kind' | 'holds' | 'holdMs'>;
  /** Log time, epoch ms. */
  readonly now: number;
}

/** The newest reading that something may still follow, epoch ms; null where what follows is known to be unknown. */
const openFrom = ({ readings, rule, now }: Known): number | null => {
  if (rule.kind === 'delta' || rule.holds) return null;
  const newest = readings.findLast(({ flags }) => (flags & Flag.excluded) === 0);
  return newest === undefined || newest.value === null || now - newest.at > rule.holdMs ? null : newest.at;
};

/** The gaps in their order, cut at the newest reading: what follows it is open while it may be relied on. */
export const receiptGaps = (known: Known): ReceiptGap[] => {
  const open = openFrom(known);
  return known.gaps.flatMap(({ from, to }) => {
    if (open === null || to <= open) return [{ from, to, isOpen: false }];
    if (from >= open) return [{ from, to, isOpen: true }];
    return [
      { from, to: open, isOpen: false },
      { from: open, to, isOpen: true },
    ];
  });
};
