/** Writes `demo-town.yaml` beside itself: `node simulators/write-demo-town.ts`. */
import { writeFileSync } from 'node:fs';
import { demoTownYaml } from './demo-town.ts';

writeFileSync(new URL('./demo-town.yaml', import.meta.url), demoTownYaml());
