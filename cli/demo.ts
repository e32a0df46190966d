/** The demo town: Issy-les-Moulineaux with simulated devices, living as long as the gate does. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { Gate } from '../main.ts';
import { wallClock } from '../simulators/clock.ts';
import { runFleet } from '../simulators/run.ts';
import { types } from './parts.ts';

export const demoTownFile = fileURLToPath(new URL('../simulators/demo-town.yaml', import.meta.url));

export const startDemo = async (gate: Gate, config: Config, signal: AbortSignal): Promise<void> => {
  let said = -1;
  await runFleet({
    url: `mqtt://${config.mqttHost}:${gate.mqttPort}`,
    town: gate.town(),
    types,
    clock: wallClock,
    signal,
    faultsPerWeek: 1,
    onHistory(share) {
      const percent = Math.floor(share * 10) * 10;
      if (percent > said) gate.logger.info(`demo town: ${percent} % of its last three days sent`);
      said = percent;
    },
  });
};
