/** Which gaps of a receipt the next reading may still fill. Which spans were observed is left to the pipeline. */
import type { FoldRule } from './fold.ts';
import type { Closing } from './month.ts';
import { Flag, type Reading } from './reading.ts';

/** What is asked of a receipt. */
interface Asked {
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly readings: readonly Pick<Reading, 'at' | 'value' | 'flags'>[];
  readonly rule: Pick<FoldRule, 'kind' | 'holds' | 'holdMs'>;
  readonly closing: Pick<Closing, 'logTime'>;
}

/** [from, to), epoch ms. */
export interface ReceiptGap {
  readonly from: number;
  readonly to: number;
  /** Not known yet: a reading counts until the next one, which may still come in time. */
  readonly isOpen: boolean;
}

/** The newest reading that something may still follow, epoch ms; null where what follows is known to be unknown. */
const openFrom = ({ readings, rule, closing }: Asked): number | null => {
  if (rule.kind === 'delta' || rule.holds) return null;
  const newest = readings.findLast(({ flags }) => (flags & Flag.excluded) === 0);
  return newest === undefined || newest.value === null || closing.logTime - newest.at > rule.holdMs ? null : newest.at;
};

/** The gaps in their order, cut at the newest reading: what follows it is open while it may be relied on. */
export const receiptGaps = (asked: Asked): ReceiptGap[] => {
  const open = openFrom(asked);
  return asked.gaps.flatMap(({ from, to }) => {
    if (open === null || to <= open) return [{ from, to, isOpen: false }];
    if (from >= open) return [{ from, to, isOpen: true }];
    return [
      { from, to: open, isOpen: false },
      { from: open, to, isOpen: true },
    ];
  });
};
