/** Tells its parent where the store of a folder stands, and ends. */
import type { Config } from '../../config.ts';
import { openEmbeddedStore } from '../parts/embedded-store.ts';
import type { Standing } from './same-log.ts';

const store = await openEmbeddedStore(JSON.parse(process.argv[2] ?? '{}') as Config);
const { position, logTime } = store;
await store.close();
process.send?.({ position, logTime } satisfies Standing);
