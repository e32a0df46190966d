/** The MQTT door of a town as the settings want it: who enters is the town's to say, and what comes goes to a log. */
import { type Door, type DoorOptions, openDoor } from '../../broker/door.ts';
import type { Config } from '../../config.ts';
import type { GateTown } from './town.ts';

/** @throws FailureError `port-taken`, naming the port */
export const townDoor = (config: Config, town: GateTown, ingest: DoorOptions['ingest']): Promise<Door> =>
  openDoor({
    host: config.mqttHost,
    port: config.mqttPort,
    wsPort: config.mqttWsPort ?? null,
    front: config.mqttFront,
    limits: config.doorLimits,
    admission: {
      get policy() {
        return town.current().admission;
      },
      lookup: town.sender,
    },
    ingest,
  });
