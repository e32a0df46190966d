/** A bad network between devices and gate: byte by byte, cut in mid-packet, half open, gone. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { Gate, until } from '../gate.ts';
import { promisedOf, startLoad, untilMinuteEnded } from '../load.ts';
import { figuresOf, judge } from '../oracle.ts';
import { chaosProxy } from '../rigs/proxy.ts';
import type { Asked, Found, Row } from '../row.ts';

const ratePerSecond = 400;
const patient = 300_000;
/** About two messages of the load: a cut falls anywhere in them. */
const cutBytesMax = 600;
const chopBytes = 20_000;
const deafMs = 800;

const run = async (asked: Asked): Promise<Found> => {
  const { trials, chance, scope, bad, say } = asked;
  const data = asked.folder('data');
  const gate = Gate.in(scope, { data, mqttPort: await freePort(), env: { OCTROI_LOG_LEVEL: 'fatal' } });
  await gate.start();
  const proxy = await chaosProxy(scope, gate.mqttPort);
  if (bad) proxy.change = { from: '"temperature":2', to: '"temperature":3' };
  const load = startLoad(scope, { port: proxy.port, messages: 10_000_000, ratePerSecond });
  const done = { chopped: 0, cut: 0, halfOpen: 0 };
  const troubles = [
    () => {
      done.chopped++;
      proxy.chop(chopBytes);
    },
    () => {
      done.cut++;
      proxy.cut(() => Math.floor(chance() * cutBytesMax));
    },
    () => {
      done.halfOpen++;
      proxy.halfOpen(deafMs);
    },
  ];
  for (let trial = 0; trial < trials; trial++) {
    const before = load.acknowledged();
    await until('acknowledgements', patient, () => load.acknowledged() > before + 50);
    await delay(chance() * 300);
    say(`trouble ${trial + 1} of ${trials}`);
    troubles[Math.floor(chance() * troubles.length)]?.();
  }
  await untilMinuteEnded(load, gate);
  load.stop();
  const result = await load.result;
  await gate.stop();
  const judged = await judge(data, { promised: promisedOf(load.options, result) });
  return { faults: judged.faults, figures: { ...done, reconnects: result.reconnects, resent: result.resent, ...figuresOf(judged) } };
};

export const network: Row = {
  name: 'network',
  what: 'a proxy hands bytes over one by one, cuts all connections somewhere in a packet, or leaves them half open',
  promise: 'no acknowledged message is lost, none is counted twice, no torn packet becomes a reading',
  control: 'the proxy changes a digit of a value, which the checksum of TCP no longer sees',
  trials: { quick: 20, full: 300 },
  controlTrials: 2,
  run,
};
