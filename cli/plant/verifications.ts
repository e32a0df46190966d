/** The verifications that run on a plant: each may be asked how far it is, and ended. What is compared is left to `stores/verify.ts`. */

import { type Verified, type VerifyProgress, verify } from '../../stores/verify.ts';
import type { Plant } from './parts.ts';

export interface Verifications {
  /** Recomputes every pane. @param name by which it can be asked and ended meanwhile */
  verify(name?: string): Promise<Verified>;
  /** How far that one is; null where there is none, or it has only begun. */
  verifying(name: string): Promise<VerifyProgress | null>;
  /** Lets it end with what it has. */
  endVerify(name: string): Promise<void>;
}

export const verifications = ({ store, pipeline }: Pick<Plant, 'store' | 'pipeline'>): Verifications => {
  const running = new Map<string, { readonly ending: AbortController; progress: VerifyProgress | null }>();
  return {
    async verify(name = '') {
      const own = { ending: new AbortController(), progress: null as VerifyProgress | null };
      running.set(name, own);
      try {
        return await verify(store, pipeline.ruleOf, {
          signal: own.ending.signal,
          progress: (progress) => {
            own.progress = progress;
          },
        });
      } finally {
        running.delete(name);
      }
    },
    verifying: async (name) => running.get(name)?.progress ?? null,
    endVerify: async (name) => running.get(name)?.ending.abort(),
  };
};
