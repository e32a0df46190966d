/** `octroi explain`: the receipt of one figure. */
import type { Command } from 'commander';
import { fail } from '../core/failure.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import { flagNames } from '../core/reading.ts';
import type { Receipt } from '../core/views.ts';
import { type WindowName, windowNames } from '../core/window.ts';
import { configOf, dataCommand, print } from './options.ts';
import { types } from './parts.ts';
import { inWorkshop } from './workshop.ts';

const iso = (at: number): string => new Date(at).toISOString();
const shownReadings = 40;

const quantityNamed = (name: string): Quantity | undefined =>
  [...types.values()].map(({ rules }) => rules.get(name)?.quantity).find((found) => found !== undefined);

const textOf = (receipt: Receipt, quantity: Quantity): string => {
  const show = (quanta: number | null): string => (quanta === null ? '–' : `${fromQuanta(quantity, quanta)} ${quantity.unit}`);
  const { key, window, start, end, rule, versions, readings, gaps } = receipt;
  return [
    `${key.subject} ${key.quantity}, ${window} from ${iso(start)} to ${iso(end)} (${rule.zone})`,
    `rule: ${rule.kind}${rule.holds ? ', holds' : ''}, relied on for ${rule.holdMs / 60_000} min`,
    ...versions.map(
      (pane) =>
        `version ${pane.version} (envelope ${pane.revision}): sum ${show(pane.sum)}, of which unallocated ${show(pane.unallocated)}; min ${show(pane.min)}, max ${show(pane.max)}; observed ${Math.round(pane.observedMs / 1000)} s of ${(end - start) / 1000}; ${pane.count} readings`,
    ),
    ...(versions.length === 0 ? ['no pane is stored yet: the window is open, or nothing was observed'] : []),
    ...gaps.map(({ from, to }) => `gap ${iso(from)} to ${iso(to)}`),
    ...readings
      .slice(0, shownReadings)
      .map(
        (reading) =>
          `reading ${iso(reading.at)} ${show(reading.value)} (version ${reading.version}, envelope ${reading.offset}) ${flagNames(reading.flags).join(' ')}`,
      ),
    ...(readings.length > shownReadings ? [`… and ${readings.length - shownReadings} more; --json lists them`] : []),
  ].join('\n');
};

export const explainCommand = (): Command =>
  dataCommand('explain', 'show the readings, gaps and versions behind one figure')
    .argument('<subject>', 'device')
    .argument('<quantity>')
    .argument('<window>', windowNames.join(', '))
    .argument('<start>', 'a moment in the window, RFC 3339')
    .action(async (subject: string, name: string, window: string, start: string, { json, ...options }) => {
      const at = Date.parse(start);
      if (!windowNames.includes(window as WindowName)) throw fail('bad-request', `"${window}" is none of ${windowNames.join(', ')}`, 'window');
      if (Number.isNaN(at)) throw fail('bad-request', `"${start}" is not a moment`, 'start');
      const receipt = await inWorkshop(configOf(options), ({ views }) => views.explain({ subject, quantity: name }, window as WindowName, at));
      const quantity = quantityNamed(name);
      if (receipt === null || quantity === undefined) throw fail('not-found', `no reading of "${name}" from "${subject}"`);
      print(json, receipt, () => textOf(receipt, quantity));
    });
