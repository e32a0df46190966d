/** The disk is slower than the town: ten times what it can take, and more. */
import { pressure } from '../pressure.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Row } from '../row.ts';

/** A sync takes so long, and a group holds so many messages: 10,000 a second are all that can be sustained. */
const syncUs = 50_000;
const heldEnvelopesMax = 500;

export const overload: Row = {
  name: 'overload',
  what: 'a disk that takes 10,000 messages a second, for so many seconds (a trial is a second); 500 devices that wait and 8 that do not send all that the machine can; 10 ordinary devices beside them',
  promise: 'nothing acknowledged is lost, no connection is cut, at most 450 MB resident, the p99 of ordinary devices at most 1 s; back to normal within 10 s',
  control: 'the limits of the door are lifted',
  trials: { quick: 60, full: 600 },
  controlTrials: 10,
  run(asked) {
    const shim = diskShim(asked);
    shim.set(disk.logSyncDelayUs, syncUs);
    return pressure(asked, { limits: { heldEnvelopesMax }, env: shim.env });
  },
};
