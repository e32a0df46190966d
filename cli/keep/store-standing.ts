/** Tells its parent where the store of a folder stands, and ends. */
import { openEmbeddedStore } from '../parts/embedded-store.ts';
import type { Standing, StandingAsked } from './same-log.ts';

const store = await openEmbeddedStore(JSON.parse(process.argv[2] ?? '{}') as StandingAsked);
const { position, logTime } = store;
await store.close();
process.send?.({ position, logTime } satisfies Standing);
