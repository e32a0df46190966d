/** The books as they are shown, and whether they balance. Keeping them is left to the pipeline. */
import type { Ledger, Recount } from './store.ts';

/** The books beside a recount of the store's rows; the form of `octroi ledger --json` and of the API. */
export interface Balance {
  readonly envelopes: Ledger['envelopes'];
  readonly readings: {
    readonly accepted: number;
    readonly stored: number;
    readonly duplicate: number;
    readonly corrected: number;
    readonly dead_letter: number;
    readonly waiting: number;
  };
  readonly recount: { readonly stored: number; readonly corrected: number; readonly dead_letter: number };
  readonly qos0_dropped: number;
  readonly unidentified: number;
  readonly balanced: boolean;
}

export const balance = (ledger: Ledger, recount: Recount): Balance => {
  const { accepted, stored, duplicate, corrected, deadLetter, waiting } = ledger.readings;
  const { appended, processed, pending, corrupt } = ledger.envelopes;
  return {
    envelopes: ledger.envelopes,
    readings: { accepted, stored, duplicate, corrected, dead_letter: deadLetter, waiting },
    recount: { stored: recount.stored, corrected: recount.corrected, dead_letter: recount.deadLetter },
    qos0_dropped: ledger.qos0Dropped,
    unidentified: ledger.unidentified,
    balanced:
      accepted === stored + duplicate + corrected + deadLetter &&
      appended === processed + pending + corrupt &&
      recount.stored === stored &&
      recount.corrected === corrected &&
      recount.deadLetter === deadLetter,
  };
};
