/** `octroi start`: opens the gate, and the demo town where no other is given; runs until it is told to stop. */
import { Command } from 'commander';
import { unknownVariables } from '../config.ts';
import { openGate } from '../main.ts';
import { demoConfig, startDemo } from './demo.ts';
import { newestTick } from './gate/heartbeat.ts';
import { keptTown } from './keep/town-file.ts';
import { configOf } from './options.ts';
import { stopAsked } from './stop-asked.ts';

/** After that a stop no longer waits for what hangs. */
const stopMsMax = 15_000;

export const startCommand = (): Command =>
  new Command('start')
    .description('start the gate, the plant and the pages')
    .option('--data <dir>', 'data folder (OCTROI_DATA, default data)')
    .option('--role <role>', 'all, or gate, plant or web where there are many (OCTROI_ROLE, default all)')
    .option('--town <file>', 'town file (OCTROI_TOWN)')
    .option('--http-port <n>', 'port of the pages and the API (OCTROI_HTTP_PORT, default 8080)')
    .option('--mqtt-port <n>', 'port of the MQTT door (OCTROI_MQTT_PORT, default 1883)')
    .option('--mqtt-ws-port <n>', 'port of MQTT over WebSocket (OCTROI_MQTT_WS_PORT, default closed)')
    .option('--no-demo', 'do not start the demo town')
    .option('--demo-speed <n>', 'its devices report n times as often (OCTROI_DEMO_SPEED, default 1)')
    .action(async ({ demo, ...options }: Record<string, unknown>) => {
      const given = configOf({ ...options, ...(demo === false ? { demo: false } : {}) });
      if (given.role !== 'all') {
        warnOfUnknown();
        const stop = stopAsked();
        void stop.then(() => setTimeout(() => process.exit(1), stopMsMax).unref());
        const { runRole } = await import('./roles/start.ts'); // with all that any role needs, pages too
        await runRole({ ...given, role: given.role }, stop);
        process.exit(0);
      }
      const isDemo = given.demo && given.town === undefined && (await isFreshOrDemo(given.data));
      const config = isDemo ? demoConfig(given, process.stdout.isTTY === true, process.env) : given;
      const stop = stopAsked();
      warnOfUnknown();
      const closedAt = isDemo ? ((await newestTick(config))?.wall ?? null) : null;
      const gate = await openGate(config);
      try {
        const url = await Promise.race([gate.http, stop]);
        if (url !== null)
          console.log(`\n  octroi is open.\n    pages  ${url}\n    MQTT   mqtt://${config.mqttHost}:${gate.mqttPort}\n    data   ${config.data}\n`);
        // What is left out of the log is said in plain words.
        const logger = config.logLevel !== given.logLevel ? { info: (text: string) => console.log(`  ${text}`) } : gate.logger;
        const endDemo = isDemo && url !== null ? startDemo({ mqttPort: gate.mqttPort, logger }, config, closedAt) : async () => {};
        await stop;
        console.log('octroi closes …');
        await endDemo();
      } finally {
        setTimeout(() => process.exit(1), stopMsMax).unref();
        await gate.close();
      }
      process.exit(0);
    });

/** A misspelt variable would leave its setting as it was, unseen. It is no failure: orchestrators invent variables of their own. */
const warnOfUnknown = (): void => {
  for (const name of unknownVariables(process.env)) console.error(`octroi: ${name} is no setting, and is not heeded. octroi config lists them all.`);
};

/** The demo never moves into a folder where another town lives. */
const isFreshOrDemo = async (data: string): Promise<boolean> => {
  const kept = await keptTown(data);
  // Where a change was cut short, another town may be in the log.
  return kept === null || (kept.changing === null && kept.town.devices.every(({ simulated }) => simulated === true));
};
