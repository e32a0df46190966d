/** Compares what devices were told with the store, the panes and the ledger of a folder at rest. Which faults were made is left to the rows. */
import { type Asked, openWorkshop, type Workshop } from '../cli/workshop.ts';
import { type Config, configSchema } from '../config.ts';
import { type Balance, balance } from '../core/ledger.ts';
import { loadReadingsPerMessage } from '../simulators/load.ts';
import { loadTemperature } from '../simulators/load-packets.ts';
import type { Promised } from './load.ts';

export interface Judged {
  readonly faults: readonly string[];
  /** Messages that were acknowledged and are not in the store. */
  readonly lost: number;
  /** Rows of readings beside the one that each event time has. */
  readonly twice: number;
  /** Messages whose value is not what was sent, or that nobody sent. */
  readonly wrong: number;
  readonly acknowledged: number;
  readonly panes: number;
  readonly books: Balance;
}

const pageRows = 10_000;
const hundredths = 100;

/** What is asked of a store and its pipeline. */
export type Shown = Pick<Asked, 'ledger' | 'recount' | 'readings' | 'verify'>;

/** Every stored temperature of a device: event time to value. */
const storedOf = async (views: Shown, subject: string): Promise<Map<number, number>> => {
  const values = new Map<number, number>();
  for (let after: number | undefined; ; ) {
    const query = { subject, quantity: 'temperature', from: 0, to: Number.MAX_SAFE_INTEGER, limit: pageRows };
    const page = await views.readings(after === undefined ? query : { ...query, after });
    for (const { at, value } of page.rows) values.set(at, value as number);
    after = page.rows.at(-1)?.at;
    if (page.rows.length < pageRows) return values;
  }
};

interface Count {
  lost: number;
  wrong: number;
}

const compare = ({ firstAt, stepMs, sent, told, subject }: Promised, values: Map<number, number>, count: Count, faults: string[]): void => {
  const expected = (seq: number): number => Math.round(loadTemperature(seq) * hundredths);
  for (const seq of told) {
    if (values.has(firstAt + seq * stepMs)) continue;
    if (count.lost++ === 0) faults.push(`${subject}: message ${seq} was acknowledged and is not in the store`);
  }
  for (const [at, value] of values) {
    const seq = (at - firstAt) / stepMs;
    if (Number.isInteger(seq) && seq >= 0 && seq < sent && value === expected(seq)) continue;
    if (count.wrong++ === 0) faults.push(`${subject}: the store says ${value} at ${at}; message ${seq} said ${expected(seq)}`);
  }
};

export interface Expected {
  readonly promised: readonly Promised[];
  /** Dead letters that are right. */
  readonly deadLetters?: number;
  /** Corrected readings that are right. */
  readonly corrected?: number;
}

/** Judges what is caught up with its log. */
export const judgeShown = async (views: Shown, { promised, deadLetters = 0, corrected = 0 }: Expected): Promise<Judged> => {
  const faults: string[] = [];
  const recount = await views.recount();
  const books = balance(await views.ledger(), recount);
  if (!books.balanced) faults.push(`the books do not balance: ${JSON.stringify(books)}`);
  const { stored, dead_letter, corrected: corrections } = books.readings;
  if (dead_letter !== deadLetters) faults.push(`${dead_letter} dead letters, ${deadLetters} expected`);
  if (corrections !== corrected) faults.push(`${corrections} corrections, ${corrected} expected`);
  const count: Count = { lost: 0, wrong: 0 };
  let rows = 0;
  for (const one of promised) {
    const values = await storedOf(views, one.subject);
    rows += values.size;
    compare(one, values, count, faults);
  }
  // Questions show one row an event time: what is there more than once is only in the count of rows.
  const twice = Math.max(0, recount.stored - rows * loadReadingsPerMessage);
  if (twice > 0) faults.push(`${twice} readings are in the store twice`);
  if (stored !== rows * loadReadingsPerMessage)
    faults.push(`the ledger says ${stored} readings stored, of ${rows} messages with ${loadReadingsPerMessage} each`);
  const { compared, different, unknownKeys, complete } = await views.verify();
  if (different > 0) faults.push(`${different} of ${compared} panes differ from their recomputation`);
  if (unknownKeys > 0) faults.push(`the panes of ${unknownKeys} series were not compared`);
  if (!complete) faults.push('the comparison of panes ended before it was done');
  if (compared === 0 && rows > 0) faults.push('no pane was compared');
  const acknowledged = promised.reduce((sum, { told }) => sum + told.length, 0);
  if (count.lost > 0) faults.push(`${count.lost} of ${acknowledged} acknowledged messages are lost`);
  if (count.wrong > 0) faults.push(`${count.wrong} messages have another value than was sent`);
  return { faults, ...count, twice, acknowledged, panes: compared, books };
};

/** Judges the folder of a workshop that is caught up. */
export const judgeIn = (workshop: Workshop, expected: Expected): Promise<Judged> => judgeShown(workshop.views, expected);

/** Opens a folder at rest, catches up, and judges it. @param settings beside the folder, where its log or its store lies elsewhere */
export const judge = async (data: string, expected: Expected, settings: Partial<Config> = {}): Promise<Judged> => {
  const workshop = await openWorkshop(configSchema.parse({ ...settings, data }));
  try {
    await workshop.catchUp();
    return await judgeIn(workshop, expected);
  } finally {
    await workshop.close();
  }
};

/** The figures of a judgement that every row reports. */
export const figuresOf = ({ acknowledged, lost, twice, wrong, panes }: Judged): Record<string, number> => ({ acknowledged, lost, twice, wrong, panes });
