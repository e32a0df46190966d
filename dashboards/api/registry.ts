/** The routes of the API, one line each; a test says that the list agrees with the folder. */
import { adjustments } from './adjustments.ts';
import { adopt } from './adopt.ts';
import { alarm } from './alarm.ts';
import { actions, alarms } from './alarms.ts';
import { anomalies } from './anomalies.ts';
import { deadLetters } from './dead-letters.ts';
import { devices } from './devices.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { forecast } from './forecast.ts';
import { ready } from './health.ts';
import { labels, labelsCsv } from './labels.ts';
import { latest } from './latest.ts';
import { learning } from './learning.ts';
import { ledger } from './ledger.ts';
import { metrics } from './metrics.ts';
import { panes } from './panes.ts';
import { readings } from './readings.ts';
import type { ApiRoute } from './route.ts';

export const apiRoutes: readonly ApiRoute[] = [
  ready,
  metrics,
  ledger,
  devices,
  adopt,
  latest,
  readings,
  panes,
  explain,
  adjustments,
  alarms,
  alarm,
  actions,
  labels,
  labelsCsv,
  anomalies,
  learning,
  forecast,
  deadLetters,
  events,
];
