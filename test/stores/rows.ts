/** Rows and commits with literal defaults, for the tests of the stores. */
import type { Alarm } from '../../core/alarm.ts';
import type { Pane } from '../../core/pane.ts';
import type { Anomaly, DeadLetter, Reading } from '../../core/reading.ts';
import { type Commit, emptyLedger, emptyOutputs, type Outputs } from '../../core/store.ts';
import { hourMs } from '../../core/time.ts';
import type { WindowName } from '../../core/window.ts';

export const energy = { subject: 'meter-1', quantity: 'energy' } as const;
export const power = { subject: 'meter-1', quantity: 'power' } as const;
export const other = { subject: 'meter-2', quantity: 'energy' } as const;

/** A reading that was written by the envelope it came in, unless said otherwise. */
export const reading = (at: number, value: number | null, offset: number, more: Partial<Reading> = {}): Reading => ({
  ...energy,
  at,
  spanMs: 0,
  value,
  flags: 0,
  offset,
  revision: offset,
  version: 0,
  ...more,
});

export const pane = (window: WindowName, start: number, end: number, sum: number, revision: number, more: Partial<Pane> = {}): Pane => ({
  ...energy,
  window,
  start,
  end,
  count: 1,
  sum,
  unallocated: 0,
  integral2: 0,
  observedMs: end - start,
  min: null,
  max: null,
  firstAt: start,
  firstValue: 10,
  lastAt: end - 1,
  lastValue: 20,
  changes: 0,
  sharesMs: null,
  flags: 0,
  version: 0,
  revision,
  ...more,
});

export const letter = (offset: number, code: DeadLetter['code'], more: Partial<DeadLetter> = {}): DeadLetter => ({
  subject: 'stranger',
  offset,
  item: 0,
  code,
  message: 'no such device',
  field: '',
  topic: 'city/v1/north/stranger/telemetry',
  sender: '',
  logTime: 1_000 + offset,
  at: null,
  payload: '{}',
  version: 0,
  revision: offset,
  ...more,
});

export const anomaly = (id: string, since: number, offset: number, more: Partial<Anomaly> = {}): Anomaly => ({
  id,
  subject: 'meter-1',
  quantity: 'energy',
  kind: 'jump',
  since,
  until: null,
  observed: 12.5,
  usual: [1, 2.25],
  reason: { fr: 'Saut', en: 'Jump' },
  offset,
  version: 0,
  ...more,
});

export const alarm = (since: number, offset: number, more: Partial<Alarm> = {}): Alarm => {
  const { subject = 'meter-1', kind = 'jump' } = more;
  const cause = `device/${subject}/${kind}`;
  const lives = { anomalies: 1, lasting: 1, firstAnomaly: `${subject}/energy/${kind}/${since}`, acknowledged: null, shelved: null, label: null, flood: false };
  const what = { cause, kind, subject, quantity: 'energy', site: null, priority: 'low', state: 'active' } as const;
  return { id: `${cause}/${since}`, ...what, since, until: null, ...lives, reason: { fr: 'Saut', en: 'Jump' }, offset, version: 0, ...more };
};

/** A commit of the offsets [start, end). */
export const commit = (start: number, end: number, outputs: Partial<Outputs> = {}, more: Partial<Commit> = {}): Commit => ({
  start,
  end,
  logTime: end * 1_000,
  outputs: { ...emptyOutputs(), ...outputs },
  ledger: { ...emptyLedger, envelopes: { appended: end, processed: end, pending: 0, corrupt: 0 } },
  snapshot: null,
  ...more,
});

/** A bound above every offset. */
export const everything = Number.MAX_SAFE_INTEGER;

/** Rows of every kind that a commit brings. */
export const everyKind = {
  readings: [reading(300, 3, 0, power), reading(100, 1, 0, other), reading(200, 2, 1, other), reading(200, 9, 2, { ...other, version: 1 })],
  panes: [pane('PT1H', 0, hourMs, 5, 1), pane('P', 0, Number.MAX_SAFE_INTEGER, 5, 1, { sharesMs: [1, 2], integral2: 2n ** 61n })],
  deadLetters: [letter(2, 'unknown-device')],
  anomalies: [anomaly('meter-1/energy/jump/5', 5, 2)],
  devices: [{ id: 'meter-1', type: 'submeter' }],
  closures: [{ from: 1, to: 2, offset: 2 }],
  revisions: [{ offset: 1, logTime: 1_000 }],
};
