/** A real broker on a free port, which keeps what it was sent. For tests. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface Received {
  readonly client: string;
  readonly topic: string;
  readonly payload: unknown;
  readonly dup: boolean;
}

export interface TestBroker {
  readonly port: number;
  readonly received: Received[];
  /** Called before each acknowledgement; the promise holds it back. */
  hold?: (received: Received) => Promise<void>;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
}

export const testBroker = async (): Promise<TestBroker> => {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const aedes = await Aedes.createBroker({
    authorizePublish(client, packet, callback) {
      const one = { client: client?.id ?? '', topic: packet.topic, payload: JSON.parse(String(packet.payload)) as unknown, dup: packet.dup };
      received.push(one);
      if (broker.hold === undefined) callback(null);
      else void broker.hold(one).then(() => callback(null));
    },
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const broker: TestBroker = {
    port: (server.address() as AddressInfo).port,
    received,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      broker.cut();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
  return broker;
};
