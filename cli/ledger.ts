/** `octroi ledger`: the books, and the store's rows counted against them. */
import type { Command } from 'commander';
import { books } from '../dashboards/books.ts';
import { holesOf } from '../log/holes.ts';
import { configOf, dataCommand, print } from './options.ts';
import { inWorkshop } from './workshop.ts';

export const ledgerCommand = (): Command =>
  dataCommand('ledger', 'print the books, and recount the rows against them').action(async ({ json, ...options }) => {
    const config = configOf(options);
    const found = await inWorkshop(config, ({ views }) => books({ books: () => views.books() }));
    const { envelopes, readings, recount } = found;
    // Kafka's own tools tell what a topic lost.
    const holes = envelopes.corrupt === 0 || config.log !== 'file' ? [] : await holesOf(config.data, envelopes.appended);
    print(json, { ...found, holes }, () =>
      [
        `envelopes  appended ${envelopes.appended} = processed ${envelopes.processed} + pending ${envelopes.pending} + corrupt ${envelopes.corrupt}`,
        ...holes.map(({ from, to, file }) => `lost       positions ${from} to ${to - 1}, damaged in ${file}`),
        `readings   accepted ${readings.accepted} = stored ${readings.stored} + duplicate ${readings.duplicate} + corrected ${readings.corrected} + dead letter ${readings.dead_letter}`,
        `rows       stored ${recount.stored}, corrected ${recount.corrected}, dead letters ${recount.dead_letter}`,
        `beside     waiting ${readings.waiting}, QoS 0 dropped ${found.qos0_dropped}, unidentified ${found.unidentified}`,
        found.balanced ? 'balanced' : 'NOT BALANCED',
      ].join('\n'),
    );
    if (!found.balanced) process.exitCode = 1;
  });
