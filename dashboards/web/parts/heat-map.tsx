/** Days by hours as SVG; days of 23 and 25 hours have as many cells. The table twin says the same in numbers. */
import type { HeatDay } from '../models.ts';
import type { Voice } from './document.tsx';
import { Scroll } from './scroll.tsx';

const cell = { width: 32, height: 22, gap: 2, left: 96, top: 24 };
const levels = 7;

const levelOf = (kWh: number, most: number): number => Math.min(levels - 1, Math.floor((kWh / most) * levels));

export const HeatMap = ({ voice: { words, show }, days, name }: { voice: Voice; days: readonly HeatDay[]; name: string }) => {
  const most = Math.max(0.0001, ...days.flatMap(({ hours }) => hours.map(({ kWh }) => kWh ?? 0)));
  const columns = Math.max(24, ...days.map(({ hours }) => hours.length));
  const width = cell.left + columns * cell.width;
  const height = cell.top + days.length * cell.height;
  return (
    <figure class="heat">
      <Scroll label={name}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={name}>
          <defs>
            <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect class="gap-ground" width="6" height="6" />
              <rect class="gap-line" width="2" height="6" />
            </pattern>
          </defs>
          {Array.from({ length: columns }, (_, n) => n)
            .filter((n) => n % 3 === 0)
            .map((n) => (
              <text key={n} class="axis" x={cell.left + n * cell.width + cell.width / 2 - cell.gap} y={cell.top - 8} text-anchor="middle">
                {`${n} h`}
              </text>
            ))}
          {days.map((day, row) => (
            <g key={day.date}>
              <text class="axis" x={cell.left - 8} y={cell.top + row * cell.height + 15} text-anchor="end">
                {show.shortDate(day.start)}
              </text>
              {day.hours.map((hour, n) => (
                <rect
                  key={hour.start}
                  class={hour.kWh === null ? 'gap' : `q${levelOf(hour.kWh, most)}`}
                  fill={hour.kWh === null ? 'url(#gap)' : undefined}
                  x={cell.left + n * cell.width}
                  y={cell.top + row * cell.height}
                  width={cell.width - cell.gap}
                  height={cell.height - cell.gap}
                  rx="3"
                >
                  <title>{`${show.moment(hour.start)}${words.colon}${hour.kWh === null ? words.noData : show.unit(hour.kWh, 'kWh')}`}</title>
                </rect>
              ))}
            </g>
          ))}
        </svg>
      </Scroll>
      <figcaption>
        <span class="scale">
          <span>{words.site.low}</span>
          <svg viewBox="0 0 112 12" width="112" height="12" aria-hidden="true">
            {Array.from({ length: levels }, (_, n) => (
              <rect key={n} class={`q${n}`} x={n * 16} width="15" height="12" rx="2" />
            ))}
          </svg>
          <span>
            {words.site.high} ({show.unit(most, 'kWh')})
          </span>
        </span>
        <span class="small">{words.site.heatHelp}</span>
      </figcaption>
      <details>
        <summary>{words.site.tableOf}</summary>
        <Scroll label={words.site.heatCaption}>
          <table class="numbers">
            <caption>{words.site.heatCaption}</caption>
            <thead>
              <tr>
                <th scope="col">{words.site.day}</th>
                {Array.from({ length: columns }, (_, n) => (
                  <th key={n} scope="col">
                    {n}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map((day) => (
                <tr key={day.date}>
                  <th scope="row">{show.shortDate(day.start)}</th>
                  {day.hours.map(({ start, kWh }) => (
                    <td key={start}>{kWh === null ? '–' : show.number(kWh)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
};
