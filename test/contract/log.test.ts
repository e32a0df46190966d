import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Draft } from '../../core/envelope.ts';
import type { LogReader, LogWriter } from '../../core/log.ts';
import { AppendFileReader } from '../../log/append-file-reader.ts';
import { openAppendFile } from '../../log/append-file-writer.ts';
import { kafkaReader, openKafkaWriter } from '../../log/kafka.ts';
import { MemoryLog } from '../../log/memory.ts';
import { type KafkaServer, type KafkaVersion, kafkaVersions, noKafka, startKafka } from '../../torture/rigs/kafka-server.ts';
import { draft, numberOf, readAll } from '../log/drafts.ts';
import { withReason } from '../reason.ts';
import { temporaryFolder } from '../temporary-folder.ts';

interface Made {
  readonly writer: LogWriter;
  readonly reader: LogReader;
}

/** One server of each version for all cases, each with a topic of its own. */
const servers = new Map<KafkaVersion, Promise<KafkaServer>>();
const onKafka = (version: KafkaVersion) => async (): Promise<Made> => {
  const server = servers.get(version) ?? startKafka(version);
  servers.set(version, server);
  const options = await (await server).topic();
  return { writer: await openKafkaWriter(options), reader: kafkaReader(options) };
};
afterAll(async () => {
  for (const server of servers.values()) await (await server).close();
});

const onFile = async (clock: () => number): Promise<Made> => {
  const folder = temporaryFolder();
  return { writer: await openAppendFile({ folder, clock }), reader: new AppendFileReader(folder) };
};
const inMemory = async (clock: () => number): Promise<Made> => {
  const log = new MemoryLog(clock);
  return { writer: log, reader: log.reader() };
};
const implementations: [name: string, make: (clock: () => number) => Promise<Made>, reason: string | null][] = [
  ['append-file', onFile, null],
  ['memory', inMemory, null],
  ...kafkaVersions.map((version): (typeof implementations)[number] => [`kafka ${version}`, onKafka(version), noKafka(version)]),
];

for (const [name, make, reason] of implementations)
  describe.skipIf(reason !== null)(withReason(`log: ${name}`, reason), () => {
    const isKafka = name.startsWith('kafka');
    const made: Made[] = [];
    const open = async (clock: () => number = () => 1_700_000_000_000): Promise<Made> => {
      const one = await make(clock);
      made.push(one);
      return one;
    };
    afterEach(async () => {
      for (const { writer, reader } of made.splice(0)) {
        await writer.close();
        await reader.close();
      }
    });

    it('is empty at first', async () => {
      const { writer, reader } = await open();
      expect(writer.durableEnd).toBe(0);
      expect(await reader.start()).toBe(0);
      expect(await reader.end()).toBe(0);
      expect((await readAll(reader, 0, 0)).envelopes).toEqual([]);
      await writer.flush();
    });

    it('gives back what it was given, field by field', async () => {
      const { writer, reader } = await open(() => 1_234);
      const odd: Draft[] = [
        {
          kind: 'message',
          subject: 'compteur-é',
          sender: '水表',
          topic: `city/v1/a/${'x'.repeat(300)}/telemetry`,
          payload: Buffer.alloc(0),
          qos: 2,
          dup: true,
          packetId: 65535,
        },
        { kind: 'tick', subject: '', sender: '', topic: '', payload: Buffer.from('{}'), qos: 0, dup: false, packetId: 0 },
        { kind: 'command', subject: 'a', sender: 'b', topic: 'c', payload: Buffer.alloc(300_000, 7), qos: 1, dup: false, packetId: 256 },
        { kind: 'import', subject: 'a', sender: '', topic: '', payload: Buffer.from([0, 255, 128]), qos: 0, dup: false, packetId: 1 },
        { kind: 'registry', subject: '', sender: '', topic: '', payload: Buffer.from('x'), qos: 0, dup: false, packetId: 0 },
      ];
      for (const one of odd) writer.append(one);
      await writer.flush();
      const { envelopes, corrupt } = await readAll(reader, 0, writer.durableEnd);
      expect(corrupt).toBe(0);
      // Kafka stamps the envelopes itself.
      const logTime = isKafka ? expect.closeTo(Date.now(), -5) : 1_234;
      expect(envelopes.map((e) => ({ ...e, payload: Buffer.from(e.payload).toString('hex') }))).toEqual(
        odd.map((d, offset) => ({ ...d, payload: Buffer.from(d.payload).toString('hex'), partition: 0, offset, logTime })),
      );
    });

    it('settles in order, with offsets, and never before the end is durable', async () => {
      const { writer } = await open();
      const seen: number[] = [];
      const ends: number[] = [];
      writer.onDurable((end) => ends.push(end));
      for (let n = 0; n < 500; n++) {
        writer.append(draft(n), (offset) => {
          expect(writer.durableEnd).toBeGreaterThan(offset);
          seen.push(offset);
        });
      }
      expect(writer.held.envelopes).toBe(500);
      expect(writer.held.bytes).toBeGreaterThanOrEqual(500 * 40);
      expect(seen).toEqual([]);
      await writer.flush();
      expect(seen).toEqual(Array.from({ length: 500 }, (_, n) => n));
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      expect(ends.at(-1)).toBe(500);
      expect(writer.held).toEqual({ envelopes: 0, bytes: 0 });
    });

    it('does not keep the payload it was given', async () => {
      const { writer, reader } = await open();
      const payload = Buffer.from('{"n":1}');
      writer.append({ ...draft(1), payload });
      payload.fill(0);
      await writer.flush();
      expect((await readAll(reader, 0, 1)).envelopes.map(numberOf)).toEqual([1]);
    });

    it.skipIf(isKafka)('never lets log time go back (Kafka stamps the envelopes itself, by a clock that a test cannot set)', async () => {
      const times = [100, 300, 200, 400];
      let at = 0;
      const { writer, reader } = await open(() => times[Math.min(at, 3)] as number);
      for (; at < 4; at++) {
        writer.append(draft(at));
        await writer.flush();
      }
      expect((await readAll(reader, 0, 4)).envelopes.map((e) => e.logTime)).toEqual([100, 300, 300, 400]);
    });

    it('reads any range in batches of any size, again and again', async () => {
      const { writer, reader } = await open();
      for (let n = 0; n < 300; n++) {
        writer.append(draft(n));
        if (n % 37 === 0) await writer.flush();
      }
      await writer.flush();
      for (const [from, end, batchMax] of [
        [0, 300, 7],
        [0, 300, 1000],
        [123, 124, 1],
        [250, 300, 13],
        [17, 211, 50],
        [300, 300, 10],
      ] as const) {
        const sizes: number[] = [];
        const found: number[] = [];
        for await (const { envelopes } of reader.read(from, end, batchMax)) {
          sizes.push(envelopes.length);
          found.push(...envelopes.map(numberOf));
        }
        expect(found).toEqual(Array.from({ length: end - from }, (_, n) => from + n));
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(batchMax);
      }
    });

    it('can be followed while it is written', async () => {
      const { writer, reader } = await open();
      const found: number[] = [];
      let from = 0;
      for (let n = 0; n < 200; n++) {
        writer.append(draft(n));
        if (n % 3 !== 0) continue;
        await writer.flush();
        for await (const { envelopes } of reader.read(from, writer.durableEnd, 64)) {
          for (const envelope of envelopes) found.push(numberOf(envelope));
          from += envelopes.length;
        }
      }
      expect(found).toEqual(Array.from({ length: from }, (_, n) => n));
      expect(from).toBeGreaterThan(190);
    });

    it('serves two reads at once', async () => {
      const { writer, reader } = await open();
      for (let n = 0; n < 100; n++) writer.append(draft(n));
      await writer.flush();
      const one = reader.read(0, 100, 10)[Symbol.asyncIterator]();
      expect((await one.next()).value.envelopes.map(numberOf)).toHaveLength(10);
      expect((await readAll(reader, 50, 100)).envelopes.map(numberOf)[0]).toBe(50);
      expect((await one.next()).value.envelopes.map(numberOf)[0]).toBe(10);
      await one.return?.();
    });
  });
