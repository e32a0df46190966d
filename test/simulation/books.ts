/**
 * The books once more, from the log alone and without the pipeline: which readings there are, in which version, and what was refused.
 * It keeps every reading in memory and knows no watermark, no snapshot and no revision. Figures are left to `figures.ts`.
 */
import type { Command, Envelope, ImportRows, RegistryChange } from '../../core/envelope.ts';
import { toQuanta } from '../../core/quantity.ts';
import { Flag } from '../../core/reading.ts';
import type { Town } from '../../core/town.ts';
import { types } from './plant.ts';

type Device = Town['devices'][number];

export interface Kept {
  readonly at: number;
  readonly value: number | null;
  readonly spanMs: number;
  readonly flags: number;
  readonly version: number;
  /** Place in the log of the value that counts: the last one, whenever it was opened. */
  readonly offset: number;
}

interface Letter {
  readonly code: 'unknown-device' | 'future';
  readonly arrival: Arrival;
  readonly at: number;
}

/** A message, new or opened again. */
interface Arrival {
  readonly offset: number;
  readonly subject: string;
  readonly sender: string;
  readonly text: string;
  readonly dup: boolean;
  /** Log time when it was refused. */
  readonly logTime: number;
}

interface Said {
  readonly ts: unknown;
  readonly field: string;
  readonly value: unknown;
  readonly spanMs: number;
}

/** Well below what the plant of the simulation opens at once. */
const isFew = (letters: readonly Letter[]): boolean => letters.length < 5 && letters.reduce((sum, { arrival }) => sum + arrival.text.length, 0) < 1_500;

const openGapMaxMs = 5_000;
const futureLimitMs = 600_000;
const [timeMin, timeMax] = [Date.UTC(2000, 0), Date.UTC(2200, 0)];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export class Books {
  /** Readings by `subject quantity`, then by event time: the last version of each. */
  readonly keys = new Map<string, Map<number, Kept>>();
  /** Of these keys only the values are known: messages without a stamp came at one time. */
  readonly blurred = new Set<string>();
  readonly closures: { from: number; to: number }[] = [];
  readonly counts = { stored: 0, duplicate: 0, corrected: 0, refused: 0, unidentified: 0 };
  /** True where raw readings were cut: then the log alone does not tell what a late reading becomes. */
  hasCut = false;
  /** True where something else was said of a device, or for it, while letters of its may still have waited for their turn: only their pace tells what came first. */
  hasOvertaken = false;
  /** Letters that may wait for their turn: at least one is opened a tick, and what their subjects send waits behind them. */
  #queued = 0;
  readonly #queuedFor = new Set<string>();
  /** The same of readings whose time has come; for them nothing waits. */
  #due = 0;
  readonly #dueFor = new Set<string>();
  #logTime = 0;
  #town: Town | null = null;
  #devices = new Map<string, Device>();
  #adopted = new Map<string, Device>();
  #letters: Letter[] = [];
  readonly #unstamped = new Map<string, { last: string[]; at: number }>();

  get deadLetter(): number {
    return this.counts.refused + this.#letters.length;
  }

  take(envelope: Envelope): void {
    const from = this.#logTime;
    this.#logTime = Math.max(from, envelope.logTime);
    if (from > 0 && this.#logTime - from > openGapMaxMs) this.closures.push({ from, to: this.#logTime });
    const text = new TextDecoder().decode(envelope.payload);
    switch (envelope.kind) {
      case 'message':
        if (this.#queuedFor.has(envelope.subject)) this.#queued++;
        if (this.#dueFor.has(envelope.subject)) this.hasOvertaken = true;
        this.#message({ offset: envelope.offset, subject: envelope.subject, sender: envelope.sender, text, dup: envelope.dup, logTime: this.#logTime });
        break;
      case 'tick':
        this.#tick();
        break;
      case 'import':
        this.#overtake(envelope.subject);
        this.#import(envelope.offset, envelope.subject, JSON.parse(text) as ImportRows);
        break;
      default:
        this.#change(JSON.parse(text) as RegistryChange | Command);
    }
  }

  #change(change: RegistryChange | Command): void {
    if (change.action === 'cut') this.hasCut = true;
    if (change.action === 'apply') {
      const known = new Map(this.#devices);
      this.#town = change.town as Town;
      this.#devices = new Map([...this.#adopted, ...this.#town.devices.map((device): [string, Device] => [device.id, device])]);
      for (const { id } of this.#town.devices) this.#adopted.delete(id);
      for (const id of this.#queuedFor) if (JSON.stringify(known.get(id)) !== JSON.stringify(this.#devices.get(id))) this.hasOvertaken = true;
      this.#open(this.#town.devices.map(({ id }) => id).filter((id) => !known.has(id)));
    }
    if (change.action === 'adopt') {
      const device = change.device as Device;
      this.#adopt(device);
      this.#open([device.id]);
    }
  }

  #tick(): void {
    const isDue = ({ code, at }: Letter): boolean => code === 'future' && at <= this.#logTime;
    const due = this.#letters.filter(isDue);
    this.#due = Math.max(0, this.#due - 1) + (this.#due === 0 && isFew(due) ? 0 : due.length);
    if (this.#due === 0) this.#dueFor.clear();
    else for (const { arrival } of due) this.#dueFor.add(arrival.subject);
    this.#reopen(isDue);
    this.#queued = Math.max(0, this.#queued - 1);
    if (this.#queued === 0) this.#queuedFor.clear();
  }

  #overtake(subject: string): void {
    if (this.#queuedFor.has(subject) || this.#dueFor.has(subject)) this.hasOvertaken = true;
  }

  /** Opens what waits for these devices to be known. */
  #open(ids: readonly string[]): void {
    const isMeant = ({ code, arrival }: Letter): boolean => code === 'unknown-device' && ids.includes(arrival.subject);
    const meant = this.#letters.filter(isMeant);
    if (this.#queued > 0 || !isFew(meant)) this.#queued += meant.length;
    if (this.#queued > 0) for (const id of ids) this.#queuedFor.add(id);
    this.#reopen(isMeant);
  }

  #adopt(device: Device): void {
    if (this.#devices.has(device.id)) return;
    this.#devices.set(device.id, device);
    this.#adopted.set(device.id, device);
  }

  #reopen(isMeant: (letter: Letter) => boolean): void {
    const meant = this.#letters.filter(isMeant);
    if (meant.length === 0) return;
    this.#letters = this.#letters.filter((letter) => !isMeant(letter));
    for (const { code, arrival } of meant) {
      if (code === 'future') this.#overtake(arrival.subject);
      this.#message(arrival);
    }
  }

  #message(arrival: Arrival): null {
    const payload = parsed(arrival.text);
    if (arrival.subject === '' || payload === undefined) return this.#refuse();
    const device = this.#devices.get(arrival.subject) ?? this.#adoptable(arrival.subject, payload);
    if (device === undefined) {
      this.#letters.push({ code: 'unknown-device', arrival: { ...arrival, logTime: this.#logTime }, at: 0 });
      return null;
    }
    if (arrival.sender !== device.id && this.#town?.admission !== 'open') return this.#refuse();
    const said = saidIn(device, payload);
    if (said === null) return this.#refuse();
    this.#takeAll(device, said, arrival, 0);
    return null;
  }

  #adoptable(subject: string, payload: unknown): Device | undefined {
    const known = types.get('generic')?.fields;
    const messages = Array.isArray(payload) ? payload : [payload];
    const isKnown = (message: unknown): boolean =>
      isObject(message) && isObject(message.values) && Object.keys(message.values).length > 0 && Object.keys(message.values).every((name) => known?.has(name));
    if (this.#town?.admission !== 'open' || messages.length === 0 || !messages.every(isKnown)) return undefined;
    const device = { id: subject, type: 'generic' };
    this.#adopt(device);
    return device;
  }

  #takeAll(device: Device, said: readonly Said[], arrival: Arrival, flags: number): void {
    const unstamped = said.some(({ ts }) => ts === undefined || ts === null) ? this.#unstampedTime(arrival) : null;
    for (const one of said) {
      const measured = this.#measure(device, one, arrival);
      if (measured === null) continue;
      if (one.ts !== undefined && one.ts !== null)
        this.#keep(device.id, measured.quantity, { ...measured, offset: arrival.offset, flags: measured.flags | flags });
      else if (unstamped === null || unstamped === 'repeated') this.counts.duplicate++;
      else {
        const extra = unstamped.isTold ? 0 : Flag.unidentified;
        if (extra !== 0) this.counts.unidentified++;
        this.#keep(device.id, measured.quantity, { ...measured, offset: arrival.offset, at: unstamped.at, flags: measured.flags | Flag.unstamped | extra });
      }
    }
  }

  #unstampedTime({ subject, text, dup, logTime }: Arrival): 'repeated' | { at: number; isTold: boolean } {
    const known = this.#unstamped.get(subject) ?? { last: [], at: 0 };
    this.#unstamped.set(subject, known);
    const isSeen = known.last.includes(text);
    if (isSeen && (dup || text.includes('"seq":'))) return 'repeated';
    known.last.push(text);
    if (known.last.length > 64) known.last.shift();
    const at = logTime < this.#logTime ? logTime : Math.max(logTime, known.at + 1);
    known.at = Math.max(known.at, at);
    return { at, isTold: !isSeen };
  }

  /** Null where it was refused. */
  #measure(device: Device, { ts, field, value, spanMs }: Said, arrival: Arrival): (Omit<Kept, 'version' | 'offset'> & { quantity: string }) | null {
    const known = types.get(device.type)?.fields.get(field);
    if (known === undefined) return this.#refuse();
    const { quantity, plausible } = known.rule;
    const at = ts === undefined || ts === null ? 0 : typeof ts === 'number' ? Math.round(ts) : Date.parse(String(ts));
    if (Number.isNaN(at) || (typeof ts === 'string' && !/^\d{4}-/.test(ts))) return this.#refuse();
    if (at !== 0 || ts === 0) {
      if (at < timeMin || at > timeMax) return this.#refuse();
      if (at > this.#logTime + futureLimitMs) {
        this.#letters.push({ code: 'future', arrival: { ...arrival, text: JSON.stringify({ ts, values: { [field]: value } }) }, at });
        return null;
      }
    }
    const span = quantity.kind === 'delta' ? spanMs || (device.intervalMs ?? types.get(device.type)?.type.intervalMs ?? 0) : 0;
    const base = { quantity: quantity.name, at, spanMs: span };
    const isAmount = quantity.kind === 'index' || quantity.kind === 'delta';
    if (value === null) return { ...base, value: null, flags: isAmount ? Flag.missing | Flag.excluded : Flag.missing };
    if (quantity.kind === 'state') {
      const words: readonly unknown[] = quantity.states ?? [];
      const place = words.length === 2 && typeof value !== 'string' ? [false, true].indexOf(value as boolean) : words.indexOf(value);
      return place < 0 ? this.#refuse() : { ...base, value: place, flags: 0 };
    }
    if (typeof value !== 'number') return this.#refuse();
    const amount = value * known.factor;
    const quanta = toQuanta(quantity, amount);
    if (Math.abs(quanta) >= (quantity.kind === 'gauge' ? 2 ** 30 : 2 ** 47) || (quantity.kind === 'index' && quanta < 0)) return this.#refuse();
    const isOdd = plausible !== undefined && (amount < plausible[0] || amount > plausible[1]);
    return { ...base, value: quanta, flags: isOdd ? Flag.implausible | Flag.excluded : 0 };
  }

  #keep(subject: string, quantity: string, said: Omit<Kept, 'version'>): void {
    const { at, value, flags } = said;
    const name = `${subject} ${quantity}`;
    const readings = this.keys.get(name) ?? new Map<number, Kept>();
    this.keys.set(name, readings);
    const known = readings.get(at);
    if (known !== undefined && (flags & Flag.unstamped) !== 0) {
      // Which free time it gets hangs on when the next tick comes; that it is kept does not.
      this.blurred.add(name);
      this.#keep(subject, quantity, { ...said, at: at + 1 });
      return;
    }
    if (known !== undefined && known.value === value) {
      this.counts.duplicate++;
      return;
    }
    this.counts[known === undefined ? 'stored' : 'corrected']++;
    const last = known !== undefined && known.offset > said.offset ? known : said;
    readings.set(at, { ...last, version: known === undefined ? 0 : known.version + 1 });
  }

  #import(offset: number, subject: string, { columns, at, values, refused }: ImportRows): null {
    const device = this.#devices.get(subject);
    if (device === undefined) return this.#refuse();
    const arrival = { offset, subject, sender: '', text: '', dup: false, logTime: this.#logTime };
    for (const [row, ts] of at.entries()) {
      const said = columns.map(({ quantity, spanMs }, column) => ({ ts, field: quantity, value: values[column]?.[row] ?? null, spanMs }));
      this.#takeAll(device, said, arrival, Flag.imported);
    }
    for (const _ of refused) this.#refuse();
    return null;
  }

  #refuse(): null {
    this.counts.refused++;
    return null;
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The messages of a payload as values; null where it is refused as a whole. */
const saidIn = (device: Device, payload: unknown): Said[] | null => {
  const toNative = types.get(device.type)?.type.toNative;
  const first: unknown = Array.isArray(payload) ? payload[0] : payload;
  let native = payload;
  try {
    if (toNative !== undefined && !(isObject(first) && 'values' in first)) native = toNative(payload);
  } catch {
    return null;
  }
  const said: Said[] = [];
  for (const message of Array.isArray(native) ? native : [native]) {
    if (!isObject(message) || !isObject(message.values) || (message.deviceId !== undefined && message.deviceId !== device.id)) return null;
    for (const [field, value] of Object.entries(message.values)) said.push({ ts: message.ts, field, value, spanMs: 0 });
  }
  return said;
};
