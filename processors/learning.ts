/** How far the series of some devices have been learnt, for people who ask why nothing is said of them. What is learnt, and when it is enough, is left to the detectors. */
import type { LearningSeries } from '../core/views.ts';
import { aboutOf } from './judge.ts';
import { learningOf } from './judge-hours.ts';
import type { Context } from './pipeline.ts';
import type { KeyState } from './state.ts';

/** Whoever only asks leaves no trace in the state: detectors that have seen nothing yet get their empty memory in a copy. */
const copied = (key: KeyState): KeyState => ({
  ...key,
  detectors: Object.fromEntries(Object.entries(key.detectors).map(([kind, state]) => [kind, { ...state }])),
  ...(key.floats === undefined ? {} : { floats: { ...key.floats } }),
});

/** The series of these devices that some detector is still learning, by device in the order asked. */
export const learning = ({ state, registry }: Pick<Context, 'state' | 'registry'>, subjects: readonly string[]): LearningSeries[] =>
  subjects.flatMap((subject) => {
    const declared = registry.find(subject);
    if (declared === undefined) return [];
    return [...(state.subjects.get(subject)?.keys ?? [])].flatMap(([quantity, key]) => {
      const rule = declared.type.rules.get(quantity);
      const found = rule === undefined ? null : learningOf(copied(key), rule, aboutOf(declared, rule, key.fold.rule));
      return found === null ? [] : [{ subject, quantity, ...found }];
    });
  });
