/** What the promise costs: the same load with fdatasync and with it switched off, side by side on the ordinary disk of the machine. */
import type { LoadResult } from '../../simulators/load.ts';
import { freePort } from '../free-port.ts';
import { Gate } from '../gate.ts';
import { startLoad } from '../load.ts';
import { disk, diskShim } from '../rigs/shim.ts';
import type { Asked, Found, Row } from '../row.ts';

const messagesPerTrial = 20_000;
const flatOut = { connections: 50, window: 8 } as const;
/** Acknowledgements a second with syncs, as a share of those without. */
const shareMin = 0.25;
/** Known-bad: each sync of the log takes so long. */
const slowUs = 100_000;

const rounded = (value: number): number => Math.round(value * 10) / 10;

const measured = async ({ scope, folder }: Asked, name: string, messages: number, env: Readonly<Record<string, string>>): Promise<LoadResult> => {
  const gate = Gate.in(scope, { data: folder(name), mqttPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'fatal', OCTROI_COMMIT_MS: '1000', ...env } });
  await gate.start();
  const result = await startLoad(scope, { port: gate.mqttPort, ...flatOut, messages }).result;
  await gate.kill();
  return result;
};

const run = async (asked: Asked): Promise<Found> => {
  const messages = asked.trials * messagesPerTrial;
  const shim = diskShim(asked);
  await measured(asked, 'warm-up', messages / 4, shim.env);
  shim.set(disk.logSyncDelayUs, asked.bad ? slowUs : 0);
  const on = await measured(asked, 'on', messages, shim.env);
  shim.set(disk.noSync, 1);
  const off = await measured(asked, 'off', messages, shim.env);
  const share = on.acksPerSecond / off.acksPerSecond;
  return {
    faults: share < shareMin ? [`with syncs ${Math.round(share * 100)} % of the acknowledgements a second remain`] : [],
    figures: {
      acksPerSecond: Math.round(on.acksPerSecond),
      acksPerSecondWithoutSync: Math.round(off.acksPerSecond),
      latencyMsP99: rounded(on.latencyMsP99),
      latencyMsP99WithoutSync: rounded(off.latencyMsP99),
    },
  };
};

export const cost: Row = {
  name: 'cost',
  what: 'flat out from 50 devices with eight messages in flight, with fdatasync and with it switched off (a trial is 20,000 messages)',
  promise: 'with syncs at least a quarter of the acknowledgements a second of a broker that does not keep what it acknowledges',
  control: 'each sync of the log takes 100 ms',
  trials: { quick: 3, full: 20 },
  controlTrials: 1,
  run,
};
