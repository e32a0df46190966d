/** The rows of a site's curve as CSV, exactly as the page shows them; separators as the language's spreadsheets expect. */
import type { Language, SiteModel } from './models.ts';

const heads: Readonly<Record<Language, readonly string[]>> = {
  fr: ['debut', 'fin', 'energie_kwh', 'puissance_moyenne_kw', 'semaine_precedente_kw', 'couverture', 'en_cours', 'version', 'remarques'],
  en: ['start', 'end', 'energy_kwh', 'mean_power_kw', 'week_before_kw', 'coverage', 'open', 'version', 'flags'],
};

/** RFC 3339 with the zone's own offset: local time that cannot be mistaken on the days of 23 and 25 hours. */
const localStamp = (at: number, zone: string): string => {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const offset = (parts.timeZoneName ?? 'GMT').replace('GMT', '') || '+00:00';
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}${offset}`;
};

export const siteCsv = (model: SiteModel, language: Language, zone: string): string => {
  const [separator, point] = language === 'fr' ? [';', ','] : [',', '.'];
  // A gap is an empty cell, never 0.
  const number = (value: number | null): string => (value === null ? '' : String(value).replace('.', point));
  const lines = model.rows.map((row) =>
    [
      localStamp(row.start, zone),
      localStamp(row.end, zone),
      number(row.kWh),
      number(row.kW),
      number(row.beforeKW),
      number(row.coverage),
      row.open ? 1 : 0,
      row.version,
      row.flags.join(' '),
    ].join(separator),
  );
  return `\ufeff${[heads[language].join(separator), ...lines].join('\r\n')}\r\n`;
};
