/** `octroi ledger`: the books, and the store's rows counted against them. */
import type { Command } from 'commander';
import { balance } from '../core/ledger.ts';
import { holesOf } from '../log/holes.ts';
import { configOf, dataCommand, print } from './options.ts';
import { inWorkshop } from './workshop.ts';

export const ledgerCommand = (): Command =>
  dataCommand('ledger', 'print the books, and recount the rows against them').action(async ({ json, ...options }) => {
    // The rows of a running plant move on between two questions: asked until both show the same moment.
    const books = await inWorkshop(configOf(options), async ({ views }) => {
      let found = balance(await views.ledger(), await views.recount());
      for (let again = 0; !found.balanced && again < 20; again++) found = balance(await views.ledger(), await views.recount());
      return found;
    });
    const { envelopes, readings, recount } = books;
    const holes = envelopes.corrupt === 0 ? [] : await holesOf(configOf(options).data, envelopes.appended);
    print(json, { ...books, holes }, () =>
      [
        `envelopes  appended ${envelopes.appended} = processed ${envelopes.processed} + pending ${envelopes.pending} + corrupt ${envelopes.corrupt}`,
        ...holes.map(({ from, to, file }) => `lost       positions ${from} to ${to - 1}, damaged in ${file}`),
        `readings   accepted ${readings.accepted} = stored ${readings.stored} + duplicate ${readings.duplicate} + corrected ${readings.corrected} + dead letter ${readings.dead_letter}`,
        `rows       stored ${recount.stored}, corrected ${recount.corrected}, dead letters ${recount.dead_letter}`,
        `beside     waiting ${readings.waiting}, QoS 0 dropped ${books.qos0_dropped}, unidentified ${books.unidentified}`,
        books.balanced ? 'balanced' : 'NOT BALANCED',
      ].join('\n'),
    );
    if (!books.balanced) process.exitCode = 1;
  });
