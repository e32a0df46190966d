/** Answering an alarm: one more envelope in the log. Shared by the API and the form of the alarms page. */
import type { AlarmAction } from '../core/alarm.ts';
import { fail } from '../core/failure.ts';
import type { Views } from '../core/views.ts';

/**
 * @returns offset of the action, which is durable
 * @throws FailureError `not-found` for an alarm or an exception that is not there; `bad-request` where the alarm is over, and the action is no label
 */
export const actOn = async (views: Pick<Views, 'alarm' | 'alarmExceptions' | 'act'>, action: AlarmAction): Promise<number> => {
  if (action.do === 'end-exception') {
    const exceptions = await views.alarmExceptions();
    if (!exceptions.some(({ cause }) => cause === action.cause)) throw fail('not-found', `"${action.cause}" is no exception`, 'cause');
    return views.act(action);
  }
  const alarm = await views.alarm(action.alarm);
  if (alarm === null) throw fail('not-found', `no alarm "${action.alarm}"`, 'alarm');
  if (alarm.state === 'normal' && action.do !== 'label') throw fail('bad-request', 'the alarm is over: it can only be labelled', 'alarm');
  return views.act(action);
};
