/** The books at one moment of a running plant. Whether they balance is core's to say. */
import { type Balance, balance } from '../core/ledger.ts';
import type { Views } from '../core/views.ts';

export const books = async (views: Pick<Views, 'books'>): Promise<Balance> => {
  const { ledger, recount } = await views.books();
  return balance(ledger, recount);
};
