/** Judges and orders public rows. A comparison with an unknown value is false; its `not` is therefore true. Unknown values come last in any order. */
import type { Fields } from '../dataset.ts';
import type { Literal } from './literal.ts';
import type { Condition, Order } from './parse.ts';

const order = (a: Literal, b: Literal): number => (a < b ? -1 : a > b ? 1 : 0);

const comparable = (fields: Fields, name: string): Literal | null => {
  const value = fields[name] ?? null;
  return typeof value === 'object' ? null : value;
};

const compares = (sign: number, by: string): boolean => {
  switch (by) {
    case '=':
      return sign === 0;
    case '!=':
      return sign !== 0;
    case '<':
      return sign < 0;
    case '<=':
      return sign <= 0;
    case '>':
      return sign > 0;
    default:
      return sign >= 0;
  }
};

/** True where the row fulfils the condition. */
export const fulfils = (condition: Condition, fields: Fields): boolean => {
  switch (condition.is) {
    case 'and':
      return condition.of.every((one) => fulfils(one, fields));
    case 'or':
      return condition.of.some((one) => fulfils(one, fields));
    case 'not':
      return !fulfils(condition.of, fields);
    case 'null':
      return (fields[condition.field.name] ?? null) === null;
    default: {
      const value = comparable(fields, condition.field.name);
      if (value === null) return false;
      if (condition.is === 'compare') return compares(order(value, condition.to), condition.by);
      if (condition.is === 'in') return condition.any.includes(value);
      const [low, high] = [order(value, condition.low), order(value, condition.high)];
      return (condition.withLow ? low >= 0 : low > 0) && (condition.withHigh ? high <= 0 : high < 0);
    }
  }
};

/** Compares two rows by several orders. */
export const byOrders =
  (orders: readonly Order[]) =>
  (a: Fields, b: Fields): number => {
    for (const { field, descending } of orders) {
      const [x, y] = [comparable(a, field.name), comparable(b, field.name)];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      return descending ? order(y, x) : order(x, y);
    }
    return 0;
  };
