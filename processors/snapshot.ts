/** The one door by which the pipeline's state leaves and comes back: JSON, two scopes a subject and two for the rest. A BigInt leaves as "<digits>n". */
import { crc32 } from 'node:zlib';
import type { Element } from '../core/pane.ts';
import type { Snapshot } from '../core/store.ts';
import { deviceSchema, townSchema } from '../core/town.ts';
import { alarmBookBody, alarmBookOf } from './alarms.ts';
import { floatsBack, floatsOut, packed, unpacked } from './learn/memory.ts';
import type { Registry } from './registry.ts';
import { initialState, type KeyState, type PipelineState, type SubjectState } from './state.ts';

const subjectScope = 'subject/';
/** The blocks of its detectors, most of its memory: written when they have learnt something, most of them once an hour, not at every snapshot. */
const learntScope = 'learnt/';
const wholeScope = 'pipeline';
/** The scope of the alarms that are open; see `alarmBookOf`. */
export const alarmScope = 'alarms';

const out = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : floatsOut(value));
const back = (element: Element): Element => ({
  ...element,
  integral2: typeof element.integral2 === 'string' ? BigInt((element.integral2 as string).slice(0, -1)) : element.integral2,
});

const subjectBody = ({ keys, ...rest }: SubjectState): string =>
  JSON.stringify({ ...rest, keys: [...keys].map(([name, { floats: _, hours, ...key }]) => [name, hours.length === 0 ? key : { ...key, hours }]) }, out);

/** The blocks of its keys by quantity and detector; null where it has none. */
const learntBody = ({ keys }: SubjectState): string | null => {
  const learnt = [...keys].flatMap(([name, { floats }]) => (floats === undefined ? [] : [[name, floats] as const]));
  return learnt.length === 0 ? null : packed(JSON.stringify(Object.fromEntries(learnt), out));
};

/** While it is the same, what was written stands: the hours that were seen, and a checksum, since some detectors learn of readings. */
const learntMark = ({ keys }: SubjectState): string =>
  [...keys].map(([name, { seenUntil, floats = {} }]) => `${name}:${seenUntil}:${Object.keys(floats)}:${Object.values(floats).reduce(sumOf, 0)}`).join();
const sumOf = (sum: number, { buffer, byteOffset, byteLength }: Float32Array): number => crc32(new Uint8Array(buffer, byteOffset, byteLength), sum);
/** As it was last written. */
const learntMarks = new WeakMap<SubjectState, string>();

const blocksBack = (texts: Readonly<Record<string, unknown>>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(texts).map(([kind, text]) => [kind, floatsBack(text)]));

/** Where the subject's own scope has blocks too, an earlier program wrote that scope, and wrote it last: they are the newer ones. */
const restoreLearnt = (subject: SubjectState, body: string): void => {
  if ([...subject.keys.values()].some(({ floats }) => floats !== undefined)) return;
  for (const [name, blocks] of Object.entries(JSON.parse(unpacked(body)) as Record<string, Record<string, unknown>>)) {
    const key = subject.keys.get(name);
    if (key !== undefined) key.floats = blocksBack(blocks);
  }
  learntMarks.set(subject, learntMark(subject));
};

/** `hours` are left out where there are none: earlier programs fail on an empty list. */
type KeyBody = Omit<KeyState, 'hours'> & Partial<Pick<KeyState, 'hours'>>;

const restoreSubject = (body: string): SubjectState => {
  const { keys, ...rest } = JSON.parse(body) as Omit<SubjectState, 'keys'> & { keys: [string, KeyBody][] };
  const restored = keys.map(([name, key]): [string, KeyState] => [
    name,
    {
      ...key,
      fold: { ...key.fold, open: key.fold.open.map(back), total: back(key.fold.total) },
      hours: (key.hours ?? []).map(back),
      // Earlier programs wrote the blocks here.
      ...(key.floats === undefined ? {} : { floats: blocksBack(key.floats) }),
    },
  ]);
  return { ...rest, keys: new Map(restored) };
};

/** The scopes that changed since the last call; all of them where `all` is set. */
export const snapshot = (state: PipelineState, registry: Registry, all: boolean): Snapshot[] => {
  const { subjects, changed, revising, reopening, alarms, ...rest } = state;
  const scopes: Snapshot[] = [
    {
      scope: wholeScope,
      body: JSON.stringify({
        ...rest,
        revising: [...revising],
        reopening: [...reopening],
        town: registry.town(),
        adopted: registry.adopted(),
        homes: registry.homes(),
      }),
    },
    { scope: alarmScope, body: alarmBookBody(alarms) },
  ];
  for (const name of all ? subjects.keys() : changed) {
    const subject = subjects.get(name);
    if (subject === undefined) continue;
    scopes.push({ scope: subjectScope + name, body: subjectBody(subject) });
    const mark = learntMark(subject);
    if (!all && learntMarks.get(subject) === mark) continue;
    const learnt = learntBody(subject);
    if (learnt !== null) scopes.push({ scope: learntScope + name, body: learnt });
    learntMarks.set(subject, mark);
  }
  changed.clear();
  return scopes;
};

/** The state that the scopes stand for; the registry is set too. */
export const restore = (scopes: readonly Snapshot[], registry: Registry): PipelineState => {
  const state = initialState();
  const learnt = scopes.filter(({ scope }) => scope.startsWith(learntScope));
  for (const { scope, body } of scopes) {
    if (scope.startsWith(learntScope)) continue;
    if (scope.startsWith(subjectScope)) {
      state.subjects.set(scope.slice(subjectScope.length), restoreSubject(body));
      continue;
    }
    if (scope === alarmScope) {
      state.alarms = alarmBookOf(body);
      continue;
    }
    const { revising, reopening = [], town, adopted, counters, homes = [], ...rest } = JSON.parse(body);
    Object.assign(state, rest);
    Object.assign(state.counters, counters);
    for (const subject of revising) state.revising.add(subject);
    for (const [subject, offset] of reopening) state.reopening.set(subject, offset);
    registry.remember(homes);
    registry.apply(townSchema.parse(town));
    for (const device of adopted) {
      // Version 0.1.0 adopted names that no device may have.
      const read = deviceSchema.safeParse(device);
      if (read.success) registry.adopt(read.data);
    }
  }
  for (const { scope, body } of learnt) {
    const subject = state.subjects.get(scope.slice(learntScope.length));
    if (subject !== undefined) restoreLearnt(subject, body);
  }
  return state;
};
