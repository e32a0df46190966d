/** Runs one role of `octroi start` until it is told to stop. */
import type { Config } from '../../config.ts';
import { scoped } from '../../core/scope.ts';
import { openGateRole } from './gate.ts';
import { openPlantRole } from './plant.ts';
import type { Opened, Role } from './role.ts';
import { openWebRole } from './web.ts';

type OpenRole = (config: Config, opened: Opened, failed: (error: Error) => void) => Promise<Role>;

/** How each role is opened: one line a role. */
const roles: Readonly<Record<Exclude<Config['role'], 'all'>, OpenRole>> = {
  gate: openGateRole,
  plant: openPlantRole,
  web: openWebRole,
};

/**
 * @param stop resolves when it is told to stop
 * @throws FailureError as the role, at its start or when it can go on no longer
 */
export const runRole = (config: Config & { readonly role: keyof typeof roles }, stop: Promise<unknown>): Promise<void> =>
  scoped(async (opened) => {
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    const { http, mqttPort } = await roles[config.role](config, opened, broken.reject);
    const label = config.role === 'web' ? 'pages ' : 'health';
    const door = mqttPort === null ? '' : `    MQTT    mqtt://${config.mqttHost}:${mqttPort}\n`;
    console.log(`\n  octroi is open, as a ${config.role}.\n    ${label}  ${http}\n${door}    data    ${config.data}\n`);
    await Promise.race([stop, broken.promise]);
    console.log('octroi closes …');
  });
