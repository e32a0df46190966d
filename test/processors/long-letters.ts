/** A thread of little memory, through which 800 strange messages of 200 kB go before the first commit. What is expected of it is in `reopened.test.ts`. */
import { parentPort } from 'node:worker_threads';
import { emptyOutputs } from '../../core/store.ts';
import { resolveTypes } from '../../devices/registry.ts';
import { pipeline } from '../../processors/pipeline.ts';
import { memoryStore } from '../../stores/memory.ts';

const log = {
  async *read() {},
};
const piped = pipeline(resolveTypes(), memoryStore(), log);
const out = emptyOutputs();
const about = {
  kind: 'message',
  partition: 0,
  sender: '',
  topic: 'city/v1/here/b/telemetry',
  subject: 'b',
  qos: 1,
  dup: false,
  packetId: 1,
  logTime: 1,
} as const;
for (let offset = 0; offset < 800; offset++)
  void piped.process({ ...about, offset, payload: Buffer.from(`"${String(offset).repeat(200_000).slice(0, 200_000)}"`) }, out);
parentPort?.postMessage(out.deadLetters.length);
