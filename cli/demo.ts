/** The demo town: Issy-les-Moulineaux with simulated devices, living as long as the gate does. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { Gate } from '../main.ts';

export const demoTownFile = fileURLToPath(new URL('../simulators/demo-town.yaml', import.meta.url));

/** Starts the devices. @returns what ends them */
export const startDemo = (gate: Gate, config: Config): (() => Promise<void>) => {
  const child = fork(new URL('./demo-fleet.ts', import.meta.url), [`mqtt://${config.mqttHost}:${gate.mqttPort}`, demoTownFile]);
  let said = -1;
  child.on('message', (share: number) => {
    const percent = Math.floor(share * 5) * 20;
    if (percent > said) gate.logger.info(`demo town: ${percent} % of its last seven days sent`);
    said = percent;
  });
  const ended = once(child, 'exit');
  return async () => {
    if (child.connected) child.send('stop');
    await ended;
  };
};
