/** Alarms on trial: what a log would have raised under other settings, beside the pipeline that runs over it. How the two differ is left to the caller. */
import { type Alarm, type AlarmAction, type AlarmSettings, alarmActionSchema } from '../core/alarm.ts';
import type { Command, Envelope } from '../core/envelope.ts';
import type { Anomaly, Reading } from '../core/reading.ts';
import type { Device, Town } from '../core/town.ts';
import { judgementsOf } from './alarm-band.ts';
import { type AlarmBook, type AlarmContext, actOnAlarm, passAlarms } from './alarms.ts';
import { textOf } from './decode.ts';
import type { Types } from './registry.ts';

export interface AlarmTrial {
  /** Takes an envelope behind the pipeline: the anomalies and readings that it put out, and its log time. A promise only where there is something to do. */
  take(envelope: Envelope, anomalies: readonly Anomaly[], readings: readonly Reading[], logTime: number): Promise<void> | undefined;
  /** Alarms in their last version, in the order in which they were raised. */
  alarms(): readonly Alarm[];
}

const actionIn = ({ kind, payload }: Envelope): AlarmAction | null => {
  if (kind !== 'command') return null;
  try {
    const command = JSON.parse(textOf(payload)) as Command;
    const read = command.action === 'alarm' ? alarmActionSchema.safeParse(command.alarm) : undefined;
    return read?.success === true ? read.data : null;
  } catch {
    return null;
  }
};

/** The cause in the name of an alarm, `<cause>/<since>`: under other settings it is raised at another time, and named otherwise. */
const causeIn = (alarm: string): string => alarm.slice(0, alarm.lastIndexOf('/'));

/**
 * @param town as it holds at the envelope at hand, with adopted devices
 * @param types the device types that exist
 * @param book alarms that are open where the log begins; empty at its very beginning
 * @param settings instead of the town's own; null: the town's own
 */
export const alarmTrial = (town: () => Town, types: Types, book: AlarmBook, settings: { readonly alarms: AlarmSettings } | null): AlarmTrial => {
  const raised = new Map<string, Alarm>([...book.open.values()].map(({ alarm }) => [alarm.id, alarm]));
  const lastOf = new Map<string, Alarm>([...book.open].map(([cause, { alarm }]) => [cause, alarm]));

  const contextOf = ({ offset }: Envelope, logTime: number): AlarmContext => {
    let known: ReadonlyMap<string, Device> | null = null;
    const find: AlarmContext['registry']['find'] = (subject) => {
      known ??= new Map(town().devices.map((device) => [device.id, device]));
      const device = known.get(subject);
      return device === undefined ? undefined : { device, type: types.get(device.type) };
    };
    return { book, registry: { find, town: () => settings ?? town() }, isGone: (subject) => find(subject) === undefined, offset, logTime, out: [] };
  };

  /** What a person said of an alarm holds for the alarm of its cause. */
  const act = async (context: AlarmContext, action: AlarmAction): Promise<void> => {
    if (action.do === 'end-exception') return actOnAlarm(context, action, { alarm: async () => null });
    const cause = causeIn(action.alarm);
    const own = book.open.get(cause)?.alarm ?? lastOf.get(cause) ?? null;
    if (own !== null) return actOnAlarm(context, { ...action, alarm: own.id }, { alarm: async () => own });
    if (action.do !== 'label') return;
    const { by, comment, verdict } = action;
    if (verdict === 'known') book.exceptions.set(cause, { by, comment, at: context.logTime, cause, held: 0 });
    else await actOnAlarm(context, { do: 'end-exception', cause, by, comment }, { alarm: async () => null });
  };

  const work = async (
    context: AlarmContext,
    action: AlarmAction | null,
    kind: Envelope['kind'],
    anomalies: readonly Anomaly[],
    readings: readonly Reading[],
  ): Promise<void> => {
    if (action !== null) await act(context, action);
    passAlarms(context, kind, judgementsOf(book.returning, context.registry, anomalies, readings));
    for (const alarm of context.out) {
      raised.set(alarm.id, alarm);
      lastOf.set(alarm.cause, alarm);
    }
  };

  return {
    take(envelope, anomalies, readings, logTime) {
      const action = actionIn(envelope);
      const tells = anomalies.length > 0 || envelope.kind === 'tick' || envelope.kind === 'registry' || book.returning.size > 0;
      if (action === null && !tells) return;
      return work(contextOf(envelope, logTime), action, envelope.kind, anomalies, readings);
    },
    alarms: () => [...raised.values()],
  };
};
