/**
 * Questions of several keys that are asked in one turn go to InfluxDB together: each question costs it some 10 ms before it
 * begins. What is asked, and by whom, is left to the others.
 */
import type { Key } from '../../core/store.ts';
import type { Row } from './csv.ts';
import { askedTogetherMax, type Flux, type KeyAsked, type Points, type Stretch } from './flux.ts';
import { tagText } from './line.ts';

/** @param answer all that was asked in one turn; an answer each, in their order */
const gathered = <Asked, Answer>(answer: (asked: readonly Asked[]) => Promise<readonly Answer[]>): ((one: Asked) => Promise<Answer>) => {
  let turn: { readonly asked: Asked[]; readonly answers: Promise<readonly Answer[]> } | null = null;
  const begin = (): NonNullable<typeof turn> => {
    const asked: Asked[] = [];
    const ended = new Promise<void>((resolve) => setImmediate(resolve));
    const answers = ended.then(() => {
      turn = null;
      return answer(asked);
    });
    return { asked, answers };
  };
  return async (one) => {
    turn ??= begin();
    const { asked, answers } = turn;
    const place = asked.push(one) - 1;
    return (await answers)[place] as Answer;
  };
};

/** By which questions are the same but for their keys and stretches. */
const grouped = <Asked>(asked: readonly Asked[], kindOf: (one: Asked) => unknown): { one: Asked; place: number }[][] => {
  const groups = new Map<string, { one: Asked; place: number }[]>();
  for (const [place, one] of asked.entries()) {
    const kind = JSON.stringify(kindOf(one));
    const group = groups.get(kind);
    if (group === undefined) groups.set(kind, [{ one, place }]);
    else group.push({ one, place });
  }
  return [...groups.values()];
};

/** Several keys asked for in one stretch, which holds those of all. */
interface Part<One> {
  readonly stretch: Stretch;
  readonly some: One[];
}

const lengthOf = ({ start, stop }: Stretch): bigint => stop - start;

/** Stretches that lie so near each other that one around them is at most twice as long as the longest. */
const parted = <One extends KeyAsked>(asked: readonly One[]): Part<One>[] => {
  const parts: Part<One>[] = [];
  let longest = 0n;
  for (const one of asked.toSorted((a, b) => (a.stretch.start < b.stretch.start ? -1 : a.stretch.start > b.stretch.start ? 1 : 0))) {
    const last = parts.at(-1);
    const length = lengthOf(one.stretch);
    if (last !== undefined && last.some.length < askedTogetherMax) {
      const around = { start: last.stretch.start, stop: one.stretch.stop > last.stretch.stop ? one.stretch.stop : last.stretch.stop };
      const most = length > longest ? length : longest;
      if (lengthOf(around) <= 2n * most) {
        parts[parts.length - 1] = { stretch: around, some: last.some };
        last.some.push(one);
        longest = most;
        continue;
      }
    }
    parts.push({ stretch: one.stretch, some: [one] });
    longest = length;
  }
  return parts;
};

const nameOf = ({ subject, quantity }: Key): string => JSON.stringify([tagText(subject), tagText(quantity)]);
const nameIn = (row: Row): string => JSON.stringify([row.text('subject'), row.text('quantity')]);

/** The same questions, of which those of one key each are gathered. */
export const together = (flux: Flux): Flux => {
  type PointsAsked = KeyAsked & { readonly points: Points };
  const pointsOf = gathered(async (asked: readonly PointsAsked[]): Promise<Row[][]> => {
    const answers = asked.map((): Row[] => []);
    const answer = async (part: Part<KeyAsked & { readonly place: number }>, points: Points): Promise<void> => {
      const wanted = new Map<string, { stretch: Stretch; rows: Row[] }[]>();
      const keys: Key[] = [];
      for (const { key, stretch, place } of part.some) {
        const one = { stretch, rows: answers[place] as Row[] };
        const known = wanted.get(nameOf(key));
        if (known !== undefined) known.push(one);
        else {
          wanted.set(nameOf(key), [one]);
          keys.push(key);
        }
      }
      for (const row of await flux.pointsOf(points, keys, part.stretch)) {
        const { nanos } = row;
        for (const { stretch, rows } of wanted.get(nameIn(row)) ?? []) if (nanos >= stretch.start && nanos < stretch.stop) rows.push(row);
      }
    };
    const groups = grouped(asked, ({ points }) => points);
    const parts = groups.flatMap((group) => {
      const [{ one: first }] = group as [(typeof group)[number]];
      return parted(group.map(({ one, place }) => ({ ...one, place }))).map((part) => answer(part, first.points));
    });
    await Promise.all(parts);
    return answers;
  });

  type EdgeAsked = KeyAsked & { readonly points: Points; readonly field: string; readonly which: 'last' | 'first' };
  const edgeOf = gathered(async (asked: readonly EdgeAsked[]): Promise<(Row | null)[]> => {
    const answers = new Array<Row | null>(asked.length).fill(null);
    const groups = grouped(asked, ({ points, field, which }) => [points, field, which]).map(async (group) => {
      const [{ one: first }] = group as [(typeof group)[number]];
      const edges = await flux.edgesOf(first.points, first.field, first.which, group.map(({ one }) => one)); // biome-ignore format: one line
      for (const [i, { place }] of group.entries()) answers[place] = edges[i] ?? null;
    });
    await Promise.all(groups);
    return answers;
  });

  return {
    ...flux,
    pointsOf(points, keys, stretch) {
      const [key] = keys;
      // Rows that are counted by series are not those of a longer stretch.
      const isOne = key !== undefined && keys.length === 1 && points.first === undefined && points.last === undefined && stretch.start < stretch.stop;
      return isOne ? pointsOf({ points, key, stretch }) : flux.pointsOf(points, keys, stretch);
    },
    edgeOf: (points, field, which, key, stretch) => edgeOf({ points, field, which, key, stretch }),
  };
};
