/** Taking a device into the town that its file does not declare. Opening what waited for it is left to `reopen.ts`. */
import type { Envelope } from '../core/envelope.ts';
import type { Outputs } from '../core/store.ts';
import type { Device } from '../core/town.ts';
import type { Context } from './pipeline.ts';
import { throughGateways } from './registry.ts';
import { reopen, reopenedPerEnvelopeMax } from './reopen.ts';

/** Adopts a device with the gateways that it spoke through, as its dead letters say, and opens these. */
export const adopt = async (context: Context, envelope: Envelope, device: Device, out: Outputs): Promise<void> => {
  const { registry, history } = context;
  const query = { code: 'unknown-device', subject: device.id } as const;
  const letters = await history.deadLetters({ ...query, limit: reopenedPerEnvelopeMax }, envelope.offset);
  const adopted = throughGateways(
    registry.town(),
    device,
    letters.map(({ sender }) => sender),
  );
  if (registry.adopt(adopted)) out.devices.push(adopted);
  return reopen(context, envelope, query, out);
};
