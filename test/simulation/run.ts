/** Lives many seeds through by hand: `node test/simulation/run.ts --seeds 100000 --from 1`. What a seed is, is left to `world.ts`. */
import { parseArgs } from 'node:util';
import { simulate } from './world.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' }, devices: { type: 'string' }, steps: { type: 'string' } },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
const size = {
  ...(values.devices === undefined ? {} : { devices: Number(values.devices) }),
  ...(values.steps === undefined ? {} : { steps: Number(values.steps) }),
};
const began = performance.now();
let [readings, deaths, failed] = [0, 0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  try {
    const outcome = await simulate({ seed, ...size });
    readings += outcome.readings;
    deaths += outcome.gateDeaths + outcome.plantDeaths;
  } catch (error) {
    failed++;
    console.error(error instanceof Error ? error.message : error);
    if (failed >= 10) break;
  }
  const done = seed - from + 1;
  if (done % 100 === 0 || done === seeds) {
    const seconds = (performance.now() - began) / 1000;
    console.log(`${done} of ${seeds} seeds, ${failed} failed, ${readings} readings, ${deaths} deaths, ${((1000 * seconds) / done).toFixed(0)} ms a seed`);
  }
}
process.exit(failed === 0 ? 0 : 1);
