/** The demo town: Issy-les-Moulineaux with simulated devices, living as long as the gate does. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Config, environmentName } from '../config.ts';
import { hourMs } from '../core/time.ts';

export const demoTownFile = fileURLToPath(new URL('../simulators/demo-town.yaml', import.meta.url));

const historyHoursMax = 7 * 24;

/** What it needs of a gate. */
interface Door {
  readonly mqttPort: number;
  readonly logger: { info(text: string): void };
}

/** The settings of the demo. On a terminal its lines of level info, JSON for programs, would drown what a person reads, unless they are asked for. */
export const demoConfig = (given: Config, isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Config => {
  const isAsked = Boolean(environment[environmentName('logLevel')]);
  return { ...given, town: demoTownFile, logLevel: isTerminal && !isAsked ? 'warn' : given.logLevel };
};

/**
 * Starts the devices. They first send what was measured while no gate was open: at the first start, seven days.
 * @param closedAt when the gate was last open, epoch ms; null at the first start
 * @returns what ends them
 */
export const startDemo = (gate: Door, config: Config, closedAt: number | null): (() => Promise<void>) => {
  const missedHours = closedAt === null ? historyHoursMax : Math.min(historyHoursMax, Math.max(0.1, (Date.now() - closedAt) / hourMs));
  const child = fork(new URL('./demo-fleet.ts', import.meta.url), [
    `mqtt://${config.mqttHost}:${gate.mqttPort}`,
    demoTownFile,
    String(missedHours),
    String(config.demoSpeed),
  ]);
  let said = -1;
  child.on('message', (share: number) => {
    const percent = Math.floor(share * 5) * 20;
    if (percent > said) gate.logger.info(`demo town: ${percent} % of the ${missedHours < 1 ? 'last minutes' : `last ${Math.round(missedHours)} hours`} sent`);
    said = percent;
  });
  const ended = once(child, 'exit');
  return async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
};
