/** The books at one moment of a running plant. Whether they balance is core's to say. */
import { type Balance, balance } from '../core/ledger.ts';
import type { Views } from '../core/views.ts';

/** The rows move on between two questions: asked until both show the same moment, `attempts` times at most. */
export const books = async (views: Pick<Views, 'ledger' | 'recount'>, attempts = 20): Promise<Balance> => {
  let found = balance(await views.ledger(), await views.recount());
  for (let again = 1; !found.balanced && again < attempts; again++) found = balance(await views.ledger(), await views.recount());
  return found;
};
