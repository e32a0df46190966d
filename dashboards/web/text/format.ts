/** Numbers and times as people read them: in their language, in the town's zone whatever the reader's own. */
import { dayMs, hourMs, minuteMs } from '../../../core/time.ts';
import type { Language } from '../models.ts';

const locales: Readonly<Record<Language, string>> = { fr: 'fr-FR', en: 'en-GB' };

export interface Format {
  number(value: number, digits?: number): string;
  /** Intl knows no kilowatt-hour: the number and its unit are put together here. */
  unit(value: number, unit: string, digits?: number): string;
  energy(kWh: number): { readonly value: string; readonly unit: string };
  power(watts: number): string;
  mass(kg: number): { readonly value: string; readonly unit: string };
  money(eur: number): string;
  /** As `money`, its sign apart: for a figure with its unit. */
  cost(eur: number): { readonly value: string; readonly unit: string };
  percent(share: number): string;
  bytes(count: number): string;
  time(at: number): string;
  seconds(at: number): string;
  date(at: number): string;
  shortDate(at: number): string;
  moment(at: number): string;
  month(at: number): string;
  ago(at: number, now: number): string;
  span(ms: number): string;
}

/** Digits that matter: two for small figures, none from a hundred on. */
const digitsFor = (value: number): number => (value === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** With a capital first letter: a title. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const nbsp = '\u00a0';

const partsWithout = (type: string, parts: readonly Intl.NumberFormatPart[]): string =>
  parts
    .filter((part) => part.type !== type)
    .map(({ value }) => value)
    .join('')
    .trim();

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', dayMs],
  ['hour', hourMs],
  ['minute', minuteMs],
  ['second', 1_000],
];

const made = new Map<string, Format>();

export const format = (language: Language, zone: string): Format => {
  const name = `${language} ${zone}`;
  const known = made.get(name) ?? make(language, zone);
  made.set(name, known);
  return known;
};

const make = (language: Language, zone: string): Format => {
  const locale = locales[language];
  const numbers = new Map<number, Intl.NumberFormat>();
  const of = (digits: number): Intl.NumberFormat => {
    const known = numbers.get(digits) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: digits });
    numbers.set(digits, known);
    return known;
  };
  const clock = (options: Intl.DateTimeFormatOptions): ((at: number) => string) => {
    const formatter = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
    return (at) => formatter.format(at);
  };
  const number = (value: number, digits = digitsFor(value)): string => of(digits).format(value);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 });
  const cents = new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' });
  const currency = (eur: number): Intl.NumberFormat => (Math.abs(eur) >= 100 ? money : cents);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const scaled = (value: number, unit: string, larger: string, from: number): { value: string; unit: string } =>
    Math.abs(value) >= from ? { value: number(value / 1000, 1), unit: larger } : { value: number(value), unit };
  return {
    number,
    unit: (value, unit, digits) => `${number(value, digits)}${nbsp}${unit}`,
    energy: (kWh) => scaled(kWh, 'kWh', 'MWh', 100_000),
    power: (watts) => (Math.abs(watts) >= 1_000 ? `${number(watts / 1_000)}${nbsp}kW` : `${number(watts)}${nbsp}W`),
    mass: (kg) => scaled(kg, 'kg', 't', 10_000),
    money: (eur) => currency(eur).format(eur),
    cost: (eur) => ({ value: partsWithout('currency', currency(eur).formatToParts(eur)), unit: '€' }),
    // 99.7 % is not all of it, and 0.2 % is not nothing.
    percent: (share) => percent.format(share >= 0.995 && share < 0.9999 ? 0.99 : share > 0 && share < 0.005 ? 0.01 : share),
    bytes(count) {
      const units = language === 'fr' ? ['o', 'ko', 'Mo', 'Go', 'To'] : ['B', 'kB', 'MB', 'GB', 'TB'];
      const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
      return `${number(count / 1000 ** step, step === 0 ? 0 : 1)}${nbsp}${units[step]}`;
    },
    time: clock({ hour: '2-digit', minute: '2-digit' }),
    seconds: clock({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    date: clock({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    shortDate: clock({ weekday: 'short', day: 'numeric', month: 'short' }),
    month: clock({ month: 'long', year: 'numeric' }),
    moment: clock({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    ago(at, now) {
      const ms = Math.max(0, now - at);
      const [unit, size] = steps.find(([, least]) => ms >= least) ?? ['second', 1_000];
      return relative.format(-Math.floor(ms / size), unit);
    },
    span(ms) {
      const [unit, size] = steps.find(([, least]) => ms >= least) ?? ['second', 1_000];
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 }).format(ms / size);
    },
  };
};
