/** Taking a device into the town that its file does not declare. Opening what waited for it is left to `reopen.ts`. */
import type { Envelope } from '../core/envelope.ts';
import type { Outputs } from '../core/store.ts';
import type { Device } from '../core/town.ts';
import type { Context } from './pipeline.ts';
import { pushPlaces } from './places.ts';
import { throughGateways } from './registry.ts';
import { reopenKnown } from './reopen.ts';

/** Adopts a device with the gateways that it spoke through, as its dead letters say, and opens these. */
export const adopt = async (context: Context, envelope: Envelope, device: Device, out: Outputs): Promise<void> => {
  const { registry, history } = context;
  const senders = await history.deadLetterSenders({ code: 'unknown-device', subject: device.id }, envelope.offset);
  const adopted = throughGateways(registry.town(), device, senders);
  if (registry.adopt(adopted)) {
    out.devices.push(adopted);
    pushPlaces(context, [adopted], envelope.offset, out);
  }
  return reopenKnown(context, envelope, [device.id], out);
};
