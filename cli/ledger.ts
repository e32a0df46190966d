/** `octroi ledger`: the books, and the store's rows counted against them. */
import type { Command } from 'commander';
import type { Ledger, Recount } from '../core/store.ts';
import { configOf, dataCommand, print } from './options.ts';
import { inWorkshop } from './workshop.ts';

/** The books as the command prints them. */
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

export const ledgerCommand = (): Command =>
  dataCommand('ledger', 'print the books, and recount the rows against them').action(async ({ json, ...options }) => {
    // The rows of a running plant move on between two questions: asked until both show the same moment.
    const books = await inWorkshop(configOf(options), async ({ views }) => {
      let found = balance(await views.ledger(), await views.recount());
      for (let again = 0; !found.balanced && again < 20; again++) found = balance(await views.ledger(), await views.recount());
      return found;
    });
    const { envelopes, readings, recount } = books;
    print(json, books, () =>
      [
        `envelopes  appended ${envelopes.appended} = processed ${envelopes.processed} + pending ${envelopes.pending} + corrupt ${envelopes.corrupt}`,
        `readings   accepted ${readings.accepted} = stored ${readings.stored} + duplicate ${readings.duplicate} + corrected ${readings.corrected} + dead letter ${readings.dead_letter}`,
        `rows       stored ${recount.stored}, corrected ${recount.corrected}, dead letters ${recount.dead_letter}`,
        `beside     waiting ${readings.waiting}, QoS 0 dropped ${books.qos0_dropped}, unidentified ${books.unidentified}`,
        books.balanced ? 'balanced' : 'NOT BALANCED',
      ].join('\n'),
    );
    if (!books.balanced) process.exitCode = 1;
  });
