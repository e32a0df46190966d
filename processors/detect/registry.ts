/** All detectors of single keys, in the order in which they judge. Silence is judged by `judge.ts`, from ticks. */
import type { Detector } from './detector.ts';
import { jump } from './jump.ts';
import { outOfRange } from './out-of-range.ts';
import { stuck } from './stuck.ts';

export const detectors: readonly Detector[] = [outOfRange, stuck, jump];
