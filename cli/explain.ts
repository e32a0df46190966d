/** `octroi explain`: the receipt of one figure. */
import type { Command } from 'commander';
import { fail } from '../core/failure.ts';
import { closesAt, monthState } from '../core/month.ts';
import type { Pane } from '../core/pane.ts';
import { fromQuanta, type Quantity } from '../core/quantity.ts';
import { flagNames } from '../core/reading.ts';
import type { Change, ChangeCause, Receipt } from '../core/views.ts';
import { type WindowName, windowNames } from '../core/window.ts';
import { amountOf, meanOf } from '../dashboards/present.ts';
import { civilTime } from '../feed/present.ts';
import { nearest } from './nearest.ts';
import { configOf, dataCommand, print } from './options.ts';
import { types } from './types.ts';
import { inWorkshop, type Workshop } from './workshop.ts';

type Behind = Awaited<ReturnType<Workshop['behind']>>;

/** Of a mean; `--json` has its integral and its time, from which it is exact. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
const shownReadings = 40;
/** A plant that keeps up has committed a tick since then, ms. */
const keepsUpMs = 3_000;

const quantityNamed = (name: string): Quantity | undefined =>
  [...types.values()].map(({ rules }) => rules.get(name)?.quantity).find((found) => found !== undefined);

const causes: Readonly<Record<ChangeCause, string>> = {
  late: 'a late reading',
  correction: 'a correction',
  import: 'an import',
  reopened: 'a dead letter opened again',
  refolded: 'folded again without a new reading',
  unknown: 'its readings are behind the horizon',
};

/** The figure that counts for its kind: the mean of a gauge over what was observed, the sum of an index or a delta, the time of a state. */
const figureOf = (pane: Omit<Pane, 'version' | 'revision'>, quantity: Quantity, mean: (value: number) => number = rounded): string => {
  const observed = `observed ${Math.round(pane.observedMs / 1000)} s`;
  if (quantity.kind === 'state') return observed;
  if (quantity.kind === 'gauge') {
    const value = meanOf(quantity, pane);
    return `${value === null ? 'no mean' : `mean ${mean(value)} ${quantity.unit}`} (${observed})`;
  }
  const sum = amountOf(quantity, pane);
  if (sum === null) return `no sum (${observed})`;
  return `sum ${sum} ${quantity.unit}, of which unallocated ${fromQuanta(quantity, pane.unallocated)} (${observed})`;
};

/** What a revision made of the figure: with all digits where the change is in those that are rounded away. */
const changeLine = ({ old, new: present, at, why, isAdjustment }: Change, quantity: Quantity, zone: string): string => {
  const isSmall = old !== null && figureOf(old, quantity) === figureOf(present, quantity);
  const show = (pane: Pane | null): string => (pane === null ? 'nothing' : figureOf(pane, quantity, isSmall ? (value) => value : rounded));
  const kind = isAdjustment ? 'adjustment' : 'change';
  const when = at === null ? 'at an unknown time' : civilTime(at, zone);
  return `${kind} ${when}: ${show(old)} became ${show(present)}; ${why.map((cause) => causes[cause]).join(', ')}`;
};

/** Null where the plant keeps up: a second's envelopes always wait. */
const lagLine = ({ envelopes, logTime }: Behind, now: number, zone: string): string | null =>
  envelopes === 0 || now - logTime <= keepsUpMs ? null : `the plant is ${envelopes} envelopes behind, at ${civilTime(logTime, zone)}`;

const noPane = 'no pane is stored yet: the window is open, or nothing was observed: a reading counts until the next one, if that comes in time';
const noLife = 'no pane is stored yet: a life is kept of amounts, and holds the civil months that have ended';

const textOf = (receipt: Receipt, quantity: Quantity): string => {
  const show = (quanta: number | null): string => (quanta === null ? '–' : `${fromQuanta(quantity, quanta)} ${quantity.unit}`);
  const { key, window, start, end, rule, versions, changes, closing, readings, refolded } = receipt;
  const local = (at: number): string => civilTime(at, rule.zone);
  const holdMinutes = rule.holdMs / 60_000;
  const isLife = window === 'P';
  const length = isLife ? '' : ` of ${(end - start) / 1000} s`;
  return [
    `${key.subject} ${key.quantity}, ${isLife ? 'its whole life' : `${window} from ${local(start)} to ${local(end)}`} (${rule.zone})`,
    `rule: ${rule.kind}${rule.holds ? ', holds' : ''}, relied on for ${holdMinutes} min`,
    ...versions.map(
      (pane) =>
        `version ${pane.version} (envelope ${pane.revision}): ${figureOf(pane, quantity)}${length}; min ${show(pane.min)}, max ${show(pane.max)}; readings: ${pane.count}`,
    ),
    ...changes.map((change) => changeLine(change, quantity, rule.zone)),
    ...(window === 'P1M' ? [`month: ${monthState(receipt, closing)}; changes after ${local(closesAt(receipt, closing))} are adjustments`] : []),
    ...(versions.length > 0 ? [] : [isLife ? noLife : noPane]),
    ...(versions.length === 0 && refolded !== null ? [`as it stands: ${figureOf(refolded, quantity)}${length}; readings: ${refolded.count}`] : []),
    // A life begins with its first reading.
    ...receipt.gaps
      .filter(({ from }) => from > 0)
      .map(({ from, to, isOpen }) =>
        isOpen
          ? `not known yet: ${local(from)} to ${local(to)}: a reading counts until the next one, if that comes within ${holdMinutes} min`
          : `gap ${local(from)} to ${local(to)}`,
      ),
    ...readings
      .slice(0, shownReadings)
      .map(({ at, value, version, offset, flags }) =>
        [`${at < start || at >= end ? 'neighbour' : 'reading'} ${local(at)} ${show(value)} (version ${version}, envelope ${offset})`, ...flagNames(flags)].join(
          ' ',
        ),
      ),
    ...(readings.length > shownReadings ? [`… and ${readings.length - shownReadings} more; --json lists them`] : []),
  ].join('\n');
};

/** What there is instead of what was asked for, in words. */
const unfound = async ({ town, keys }: Pick<Workshop['views'], 'town' | 'keys'>, subject: string, name: string): Promise<string> => {
  const [{ devices }, known] = await Promise.all([town(), keys()]);
  const measured = known.filter((key) => key.subject === subject).map(({ quantity }) => quantity);
  if (measured.length > 0) return `no reading of "${name}" from "${subject}", which has ${measured.sort().join(', ')}`;
  const device = devices.find(({ id }) => id === subject);
  if (device !== undefined)
    return `no reading from "${subject}" yet; a ${device.type} measures ${[...(types.get(device.type)?.rules.keys() ?? [])].join(', ')}`;
  const near = nearest(subject, new Set([...devices.map(({ id }) => id), ...known.map((key) => key.subject)]));
  return `no device "${subject}"${near.length === 0 ? '' : `; the nearest names are ${near.join(', ')}`}`;
};

export const explainCommand = (): Command =>
  dataCommand('explain', 'show the readings, gaps and versions behind one figure')
    .argument('<subject>', 'device')
    .argument('<quantity>')
    .argument('<window>', `${windowNames.join(', ')} (P: the whole life of the series)`)
    .argument('<start>', 'a moment in the window, RFC 3339')
    .action(async (subject: string, name: string, window: string, start: string, { json, ...options }) => {
      const at = Date.parse(start);
      if (!windowNames.includes(window as WindowName)) throw fail('bad-request', `"${window}" is none of ${windowNames.join(', ')}`, 'window');
      if (Number.isNaN(at)) throw fail('bad-request', `"${start}" is not a moment`, 'start');
      const quantity = quantityNamed(name);
      await inWorkshop(configOf(options), async (workshop) => {
        const behind = await workshop.behind();
        const receipt = await workshop.views.explain({ subject, quantity: name }, window as WindowName, at);
        const lag = lagLine(behind, Date.now(), receipt?.rule.zone ?? (await workshop.views.town()).zone);
        if (receipt === null || quantity === undefined)
          throw fail('not-found', `${await unfound(workshop.views, subject, name)}${lag === null ? '' : `; ${lag}`}`);
        const note = lag === null ? '' : `${lag}: what came since is not in these figures\n`;
        print(json, { ...receipt, behind: behind.envelopes }, () => note + textOf(receipt, quantity));
      });
    });
