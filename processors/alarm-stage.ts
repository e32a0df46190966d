/**
 * The alarm stage: the pipeline over the alarm log, which has one partition. Into it come what the partitions of the town's log judged,
 * what people answered, the town, and time; out of it come the alarms of the whole town. What a partition tells again, behind a crash or
 * out of a plant that slept, is told by its place and dropped. Who runs it, and telling anybody, is left to others.
 */
import { type Alarm, alarmActionSchema, type Relayed, type Told } from '../core/alarm.ts';
import type { Command, Envelope, Judged, RegistryChange } from '../core/envelope.ts';
import { emptyLedger, type History, type Outputs, type Snapshot } from '../core/store.ts';
import { deviceSchema, townSchema } from '../core/town.ts';
import { type AlarmBook, type AlarmContext, actOnAlarm, alarmBookBody, alarmBookOf, emptyAlarmBook, passAlarms, takeOver } from './alarms.ts';
import { textOf } from './decode.ts';
import type { Pipeline } from './pipeline.ts';
import { registry, type Types } from './registry.ts';
import { alarmScope } from './snapshot.ts';

/** What the channels were told, by their names. */
export type ToldBy = Readonly<Record<string, Told>>;

/** It stands for a pipeline: pages ask it for alarms as they ask the partitions for figures, of which it has none. */
export interface AlarmStage extends Pipeline {
  readonly told: () => ToldBy;
}

/** The last judgement of a partition that was taken: its offset and item. */
type LastTaken = readonly [offset: number, item: number];

interface StageState {
  end: number;
  logTime: number;
  processed: number;
  corrupt: number;
  /** By partition. */
  seen: Map<number, LastTaken>;
  told: Record<string, Record<string, Told[string]>>;
  alarms: AlarmBook;
}

const initialState = (): StageState => ({ end: 0, logTime: 0, processed: 0, corrupt: 0, seen: new Map(), told: {}, alarms: emptyAlarmBook() });

const stageScope = 'stage';

const isBeyond = ({ offset, item }: Relayed, seen: LastTaken | undefined): boolean =>
  seen === undefined || offset > seen[0] || (offset === seen[0] && item > seen[1]);

const noteTold = ({ told }: StageState, { channel, alarm, state }: Extract<Command, { action: 'told' }>): void => {
  told[channel] ??= {};
  if (state === 'normal') delete told[channel][alarm];
  else told[channel][alarm] = state;
};

/** What is no JSON says nothing: gates and plants alone write here. */
const bodyOf = (payload: Uint8Array): unknown => {
  try {
    return JSON.parse(textOf(payload));
  } catch {
    return {};
  }
};

/** @param history the alarms of the stage's own store */
export const alarmStage = (types: Types, history: Pick<History, 'alarm'>): AlarmStage => {
  const known = registry(types);
  let state = initialState();

  /** Devices that an open town adopted by itself are known to their partition alone: they have not gone. */
  const contextOf = (offset: number, out: Alarm[], declared: ReadonlySet<string>): AlarmContext => ({
    book: state.alarms,
    registry: known,
    isGone: (subject) => declared.has(subject) && known.find(subject) === undefined,
    offset,
    logTime: state.logTime,
    out,
  });

  const takeJudged = (context: AlarmContext, { partition, judgements }: Judged): void => {
    for (const one of judgements) {
      if (!isBeyond(one, state.seen.get(partition))) continue;
      state.seen.set(partition, [one.offset, one.item]);
      if ('book' in one.judgement) takeOver(context, alarmBookOf(one.judgement.book));
      else passAlarms(context, 'judged', [one.judgement]);
    }
  };
  const changeTown = (change: RegistryChange): void => {
    if (change.action === 'apply') {
      const read = townSchema.safeParse(change.town);
      if (read.success) known.apply(read.data);
    } else adopt(change.device);
  };
  const adopt = (given: unknown): void => {
    const read = deviceSchema.safeParse(given);
    if (read.success) known.adopt(read.data);
  };
  const obey = (context: AlarmContext, command: Command): Promise<void> | undefined => {
    if (command.action === 'told') noteTold(state, command);
    const read = command.action === 'alarm' ? alarmActionSchema.safeParse(command.alarm) : undefined;
    return read?.success === true ? actOnAlarm(context, read.data, history) : undefined;
  };
  const operate = ({ kind, offset, payload }: Envelope, out: Outputs): Promise<void> | undefined => {
    const declared = kind === 'registry' ? new Set(town().devices.map(({ id }) => id)) : new Set<string>();
    const context = contextOf(offset, out.alarms, declared);
    if (kind === 'tick') return void passAlarms(context, kind, []);
    const body = bodyOf(payload);
    if (kind === 'judged') return void takeJudged(context, body as Judged);
    if (kind === 'command') return obey(context, body as Command);
    if (kind !== 'registry') return;
    changeTown(body as RegistryChange);
    passAlarms(context, kind, []);
  };
  const town: Pipeline['town'] = () => ({ ...known.town(), devices: [...known.town().devices, ...known.adopted()] });

  return {
    // A label may be on an alarm that is over.
    wantsPast: ({ kind }) => kind === 'command',
    process(envelope, out) {
      state.end = envelope.offset + 1;
      // The stamps of several brokers may go back; log time does not.
      state.logTime = Math.max(state.logTime, envelope.logTime);
      state.processed++;
      return operate(envelope, out);
    },
    skip(corrupt) {
      state.corrupt += corrupt;
      state.end += corrupt;
    },
    end: () => state.end,
    logTime: () => state.logTime,
    ledger(logEnd) {
      const { processed, corrupt } = state;
      const appended = Math.max(logEnd, state.end);
      return { ...emptyLedger, envelopes: { appended, processed, pending: appended - processed - corrupt, corrupt } };
    },
    town,
    adopted: known.adopted,
    told: () => state.told,
    alarmExceptions: () => [...state.alarms.exceptions.values()],
    // Readings and figures are the partitions'.
    past: () => [],
    openPanes: () => [],
    ruleOf: () => undefined,
    silent: () => [],
    learning: () => [],
    waiting: () => 0,
    snapshot(): Snapshot[] {
      const { alarms, seen, ...rest } = state;
      const body = JSON.stringify({ ...rest, seen: [...seen], town: known.town(), adopted: known.adopted() });
      return [
        { scope: stageScope, body },
        { scope: alarmScope, body: alarmBookBody(alarms) },
      ];
    },
    restore(scopes) {
      state = initialState();
      for (const { scope, body } of scopes) {
        if (scope === alarmScope) {
          state.alarms = alarmBookOf(body);
          continue;
        }
        const { town: applied, adopted, seen, ...rest } = JSON.parse(body);
        Object.assign(state, rest, { seen: new Map(seen) });
        known.apply(townSchema.parse(applied));
        for (const device of adopted) adopt(device);
      }
    },
  };
};
