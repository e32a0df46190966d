/**
 * Detector: an hour outside everything that was ever seen of the series: the value channel of `novelty.ts`, on hours. Its other
 * channels are not asked: on hours of real meters they find next to nothing more, or, as patterns do, say too much.
 */
import { type HourDetector, scoreOf } from './detector.ts';
import { beyondRange, shares } from './novelty.ts';

const [, share] = shares[0];
const hoursMin = 504;

export const newExtreme: HourDetector = {
  kind: 'new-extreme',
  sees: 'hour',
  doubts: 'consumption',
  needsUsual: false,
  numbersMax: 1,
  floats: 2,
  appliesTo: ({ quantity }) => quantity.kind !== 'state',
  learning: ({ hours = 0 }) => (hours < hoursMin ? { days: Math.floor(hours / 24), of: hoursMin / 24 } : null),
  update(state, floats, { value, start }) {
    if (value === null) return null;
    if (state.hours === undefined) floats.fill(Number.NaN);
    state.hours = Math.min((state.hours ?? 0) + 1, 2 * hoursMin);
    const [low, high] = [floats[0] as number, floats[1] as number];
    const ratio = beyondRange({ ranges: floats }, 0, share, value);
    const open = state.openSince !== undefined;
    if (state.hours < hoursMin || (ratio < 1 && !open)) return null;
    return {
      unusual: ratio >= 1,
      score: scoreOf(ratio),
      since: start,
      observed: value,
      expected: null,
      usual: [low, high],
      code: value > high ? 'highest' : 'lowest',
      values: {},
    };
  },
  reason({ observed, usual, code }, show) {
    const value = observed ?? 0;
    const edge = (code === 'highest' ? usual?.[1] : usual?.[0]) ?? value;
    return code === 'highest'
      ? {
          fr: `${show(value, 'fr')} en une heure : plus que jamais ; jusqu'ici ${show(edge, 'fr')} au plus.`,
          en: `${show(value, 'en')} in an hour: more than ever; so far ${show(edge, 'en')} at the most.`,
        }
      : {
          fr: `${show(value, 'fr')} en une heure : moins que jamais ; jusqu'ici ${show(edge, 'fr')} au moins.`,
          en: `${show(value, 'en')} in an hour: less than ever; so far ${show(edge, 'en')} at the least.`,
        };
  },
};
