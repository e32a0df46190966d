/**
 * Operator alarm-relay: tells the alarm stage what one of several partitions judged. An outage crosses partitions, so none of them makes
 * alarms by itself. Bringing it there is left to the caller of the pipeline, what it becomes to `alarm-stage.ts`.
 */
import type { Relayed } from '../core/alarm.ts';
import { type Alarming, alarmContext, handOver } from './alarms.ts';

export const alarmsRelayed: Alarming = (context, envelope, judgements, out) => {
  const book = handOver(alarmContext(context, envelope, out));
  // What an import found is history; the stage does not know which devices one declared.
  const isHistory = (subject: string): boolean => context.registry.find(subject)?.device.imported === true;
  const told: Relayed['judgement'][] = judgements.filter((one) => 'back' in one || !isHistory(one.anomaly.subject));
  if (book !== null) told.unshift({ book });
  for (const [item, judgement] of told.entries()) out.judgements.push({ offset: envelope.offset, item, judgement });
};
