/** Whether the books balance: what came in against what became of it, and against the rows that are really there. */
import type { Ledger, Recount } from './store.ts';

/** The books as `octroi ledger` prints them and the API shows them. */
export const balance = (ledger: Ledger, recount: Recount) => {
  const { accepted, stored, duplicate, corrected, deadLetter, waiting } = ledger.readings;
  const { appended, processed, pending, corrupt } = ledger.envelopes;
  const balanced =
    accepted === stored + duplicate + corrected + deadLetter &&
    appended === processed + pending + corrupt &&
    recount.stored === stored &&
    recount.corrected === corrected &&
    recount.deadLetter === deadLetter;
  return {
    envelopes: ledger.envelopes,
    readings: { accepted, stored, duplicate, corrected, dead_letter: deadLetter, waiting },
    recount: { stored: recount.stored, corrected: recount.corrected, dead_letter: recount.deadLetter },
    qos0_dropped: ledger.qos0Dropped,
    unidentified: ledger.unidentified,
    balanced,
  };
};
export type Books = ReturnType<typeof balance>;

/** The rows of a running plant move on between two questions: asked until both show the same moment, `attempts` times at most. */
export const books = async (ask: { ledger(): Promise<Ledger>; recount(): Promise<Recount> }, attempts = 20): Promise<Books> => {
  let found = balance(await ask.ledger(), await ask.recount());
  for (let again = 1; !found.balanced && again < attempts; again++) found = balance(await ask.ledger(), await ask.recount());
  return found;
};
