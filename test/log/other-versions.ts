/** A proxy before a real Kafka that says of it that it knows other versions of some questions, as an older or a later Kafka would. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Number of the question which versions a broker knows. */
const apiVersions = 18;

/** Hands on whole frames: four bytes of length before each. */
const frames = (socket: Socket, take: (frame: Buffer) => void): void => {
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const size = 4 + rest.readInt32BE(0);
      take(Buffer.from(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
  });
};

/** Versions 0 to 2 of the answer: correlation, error, then a row of three 16-bit numbers for each question. */
const change = (answer: Buffer, known: ReadonlyMap<number, readonly [min: number, max: number]>): void => {
  const rows = answer.readInt32BE(10);
  for (let at = 14; at < 14 + rows * 6; at += 6) {
    const other = known.get(answer.readInt16BE(at));
    if (other === undefined) continue;
    answer.writeInt16BE(other[0], at + 2);
    answer.writeInt16BE(other[1], at + 4);
  }
};

/** @param known what is said instead, by the number of the question @returns its address, and what ends it */
export const withOtherVersions = async (broker: string, known: ReadonlyMap<number, readonly [min: number, max: number]>) => {
  const [host, port] = broker.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(Number(port), host);
    const asked: number[] = [];
    frames(client, (frame) => {
      asked.push(frame.readInt16BE(4));
      behind.write(frame);
    });
    frames(behind, (frame) => {
      if (asked.shift() === apiVersions) change(frame, known);
      client.write(frame);
    });
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      // biome-ignore format: one line
      sockets.add(one);
      one.on('error', () => {}); // 'close' follows
      one.on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    brokers: [`127.0.0.1:${(server.address() as AddressInfo).port}`],
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
