/** Bytes of a folder at rest are flipped, torn and cut off: each is detected or harmless, and no figure is silently wrong. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameHeadBytes, readFrame, signFrame } from '../../log/frame.ts';
import { decodeHeader, segmentHeaderBytes } from '../../log/segment.ts';
import { freePort } from '../free-port.ts';
import { Gate } from '../gate.ts';
import { type Promised, promisedOf, startLoad } from '../load.ts';
import { judge } from '../oracle.ts';
import type { Answer, Question } from '../oracle-process.ts';
import type { Asked, Found, Row } from '../row.ts';

const messages = 600;
const tearBytes = 512;

interface Made {
  readonly data: string;
  readonly promised: readonly Promised[];
}

/** A folder with a log of several segments, a store, and a snapshot; or without one, where its gate and plant were killed. */
const madeFolder = async (asked: Asked, isKilled: boolean): Promise<Made> => {
  const data = asked.folder(isKilled ? 'killed' : 'whole');
  const env = { OCTROI_LOG_LEVEL: 'fatal', OCTROI_SEGMENT_BYTES_MAX: '65536', ...(isKilled ? { OCTROI_SNAPSHOT_MS: '3600000' } : {}) };
  const gate = Gate.in(asked.scope, { data, mqttPort: await freePort(), env });
  await gate.start();
  const load = startLoad(asked.scope, { port: gate.mqttPort, connections: 5, messages, ratePerSecond: 600 });
  const promised = promisedOf(load.options, await load.result);
  const { faults } = await judge(data, { promised }); // through the gate: the store has it all before it is stopped
  if (faults.length > 0) throw new Error(faults.join('; '));
  await (isKilled ? gate.kill() : gate.stop());
  return { data, promised };
};

type Hurt = (bytes: Buffer, chance: () => number) => Buffer;

const hurts: Readonly<Record<string, Hurt>> = {
  flip(bytes, chance) {
    const at = Math.floor(chance() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 8));
    return bytes;
  },
  /** A sector that was never written. */
  tear(bytes, chance) {
    const at = Math.floor((chance() * bytes.length) / tearBytes) * tearBytes;
    return bytes.fill(0, at, Math.min(bytes.length, at + tearBytes));
  },
  cut: (bytes, chance) => bytes.subarray(0, Math.floor(chance() * bytes.length)),
};

/** What no checksum sees: a value in a frame of the log is another, and the frame is signed again. */
const forge = (bytes: Buffer): Buffer => {
  const header = decodeHeader(bytes, '');
  const at = segmentHeaderBytes;
  const frame = header === null ? null : readFrame(bytes, at, bytes.length, header.salt);
  if (header === null || frame === null || typeof frame === 'number') throw new Error('the first frame of a segment is not whole');
  const place = bytes.indexOf('"temperature":2', at);
  if (place < 0) throw new Error('no temperature in the segment');
  bytes[place + '"temperature":'.length] = '3'.charCodeAt(0);
  for (let from = at; from < bytes.length; ) {
    const found = readFrame(bytes, from, bytes.length, header.salt);
    const end = from + frameHeadBytes + bytes.readUInt32LE(from + 4);
    if (found === null) signFrame(bytes.subarray(from, end), end - from, header.salt);
    from = end;
  }
  return bytes;
};

/** A process that judges folders, started again when one of them ends it. */
const judging = ({ scope }: Asked): ((question: Question) => Promise<Answer>) => {
  let child: ChildProcess | null = null;
  scope.add(() => child?.kill('SIGKILL'));
  return async (question) => {
    child ??= fork(new URL('../oracle-process.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    const one = child;
    one.send(question, undefined, undefined, () => {}); // where it has just died, its exit says so
    const ended = new AbortController();
    const said = await Promise.race([once(one, 'message', { signal: ended.signal }), once(one, 'exit', { signal: ended.signal }).then(() => null)]);
    ended.abort();
    if (said !== null) return said[0] as Answer;
    child = null;
    return { refused: 'ended' };
  };
};

/** Codes that say what is damaged; `ended`: DuckDB took the process with it, and the supervisor starts another. */
const refusals: ReadonlySet<string> = new Set(['store-corrupt', 'log-corrupt', 'ended']);

/**
 * What came of one damage. Lost messages are named as positions of the log, or its torn end is; where neither is, it is a silent wrong figure.
 * @returns the kind of outcome, or what is wrong with it
 */
const verdictOf = (said: Answer): { readonly as: 'harmless' | 'named' | 'refused' } | { readonly fault: string } => {
  if ('refused' in said) return refusals.has(said.refused) ? { as: 'refused' } : { fault: `refused with ${said.refused}` };
  const { judged, tornBytes, salvaged } = said;
  const { lost, wrong, twice, books } = judged;
  if (wrong > 0 || twice > 0 || !books.balanced) return { fault: judged.faults.join('; ') };
  const isNamed = books.envelopes.corrupt > 0 || tornBytes !== 0 || salvaged;
  if (lost > 0 && !isNamed) return { fault: `${lost} messages are gone, and nothing says so` };
  if (lost === 0 && judged.faults.length > 0) return { fault: judged.faults.join('; ') };
  return { as: isNamed ? 'named' : 'harmless' };
};

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, bad, full, say } = asked;
  let rebuilt = 0;
  const stopped = await madeFolder(asked, false);
  const killed = bad ? stopped : await madeFolder(asked, true);
  const ask = judging(asked);
  const faults: string[] = [];
  const counts = { harmless: 0, named: 0, refused: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const data = join(asked.folder('trials'), String(trial));
    const wasKilled = chance() < 0.4;
    const { data: whole, promised } = wasKilled ? killed : stopped;
    cpSync(whole, data, { recursive: true, filter: (file) => !file.endsWith('.sock') });
    const logs = readdirSync(join(data, 'log'))
      .filter((name) => !bad || name.endsWith('.seg'))
      .sort();
    const isLog = bad || chance() < 0.6;
    const [kind, hurt] = bad ? (['forge', forge] as const) : (Object.entries(hurts)[Math.floor(chance() * 3)] as [string, Hurt]);
    const name = logs[Math.floor(chance() * logs.length)] as string;
    const file = isLog ? join(data, 'log', name) : join(data, 'store', 'octroi.duckdb');
    writeFileSync(file, hurt(readFileSync(file), chance));
    // Without its store the log is all there is; but a log that ends early is told only by the store that stands behind its end.
    const withoutStore = isLog && (bad || (chance() < 0.7 && name !== logs.at(-1)));
    if (withoutStore) rmSync(join(data, 'store'), { recursive: true });
    const what = `${kind} ${isLog ? name : 'store'} of ${statSync(file).size} bytes${withoutStore ? ', no store' : ''}${wasKilled ? ', killed' : ''}`;
    const said = await ask({ data, promised });
    const verdict = verdictOf(said);
    if ('fault' in verdict) faults.push(`trial ${trial}: ${what}: ${verdict.fault}`);
    else counts[verdict.as]++;
    if ('as' in verdict && verdict.as === 'refused' && (full || counts.refused === 1)) {
      rebuilt++;
      const after = verdictOf(await ask({ data, promised, rebuild: true }));
      if ('fault' in after || after.as === 'refused') faults.push(`trial ${trial}: ${what}: rebuilt, and then ${'fault' in after ? after.fault : 'refused'}`);
    }
    say(`${trial + 1} of ${trials}: ${what}: ${'fault' in verdict ? 'FAULT' : verdict.as}`);
    rmSync(data, { recursive: true, force: true });
  }
  return { faults, figures: { ...counts, rebuilt } };
};

export const damage: Row = {
  name: 'damage',
  what: 'bits flipped, sectors torn, ends cut off in segments of the log and in the file of the store, of gates that were stopped or killed, with and without the store to fall back on',
  promise: 'each is refused, or named to the position, or harmless: never a silent wrong figure',
  control: 'a value in the log is changed and its frame signed again, so that no checksum sees it',
  trials: { quick: 20, full: 200 },
  controlTrials: 2,
  run,
};
