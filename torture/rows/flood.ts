/** The plant is slower than the town: all that the machine can send, acknowledged long before it is processed. */
import { pressure } from '../pressure.ts';
import type { Row } from '../row.ts';

export const flood: Row = {
  name: 'flood',
  what: '500 devices that wait and 8 that do not send all that the machine can, for so many seconds (a trial is a second); 10 ordinary devices beside them',
  promise: 'nothing acknowledged is lost, no connection is cut, at most 450 MB resident, the p99 of ordinary devices at most 1 s; back to normal within 10 s',
  control: 'the limits of the door are lifted',
  trials: { quick: 5, full: 60 },
  run: (asked) => pressure(asked, {}),
};
