/** Car parks by word, shape and colour: a state is never told by colour alone. */
import type { Forecast } from '../../figures/forecast.ts';
import type { CarPark, CarParkState } from '../../figures/parking.ts';
import type { Voice } from './document.tsx';
import { Ago } from './figures.tsx';

const shapes: Readonly<Record<CarParkState, string>> = {
  free: 'M5 12.5 10 17.5 19 7',
  full: 'M6 6 18 18M18 6 6 18',
  unknown: 'M8.5 9a3.5 3.5 0 1 1 5 3.2c-1.1.6-1.5 1.2-1.5 2.3M12 18v.01',
  closed: 'M5 12h14',
};

export const StateMark = ({ state }: { state: CarParkState }) => (
  <svg class="state-mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
    <circle cx="12" cy="12" r="11" />
    <path d={shapes[state]} />
  </svg>
);

const places = ({ words, show }: Voice, { state, free, capacity }: CarPark): string | null => {
  if (state === 'closed') return null;
  if (free === null) return capacity === null ? null : words.parking.capacity(show.number(capacity, 0));
  if (capacity === null) return words.parking.free(show.number(free, 0));
  return words.parking.freeOf(show.number(free, 0), show.number(capacity, 0));
};

/** What comes, with how far such forecasts usually are from it. By the clock: it stays true while the page stands. */
const Ahead = ({ voice: { words, show }, list }: { voice: Voice; list: readonly Forecast[] }) => (
  <div class="ahead small">
    <h4>{words.parking.forecast}</h4>
    <ul>
      {list.map(({ minutes, at, free, usualError }) => (
        <li key={minutes}>
          <time dateTime={new Date(at).toISOString()}>{show.time(at)}</time>{' '}
          <span>{words.parking.ahead(show.number(free, 0), show.number(usualError, 0))}</span>
        </li>
      ))}
    </ul>
  </div>
);

interface Shown extends CarPark {
  readonly hours?: string | null;
  readonly ahead?: readonly Forecast[];
}

export const CarParks = ({ voice, parks }: { voice: Voice; parks: readonly Shown[] }) => {
  const { words } = voice;
  return (
    <ul class="car-parks">
      {parks.map((park) => (
        <li key={park.device} class={`car-park ${park.state}`} data-car-park={park.device} data-capacity={park.capacity ?? undefined}>
          <StateMark state={park.state} />
          <div>
            <h3>{park.name}</h3>
            <p class="state">
              <strong data-live="state">{words.parking.states[park.state]}</strong> <span data-live="places">{places(voice, park)}</span>
            </p>
            <p class="small">
              <Ago voice={voice} at={park.at} holdMs={park.holdMs} />
            </p>
            {park.hours ? <p class="small">{words.parking.hours(park.hours)}</p> : null}
          </div>
          {park.free !== null && park.capacity !== null ? (
            <svg class="gauge" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
              <rect class="track" width="100" height="8" rx="2" />
              <rect class="part" width={Math.round((100 * park.free) / park.capacity)} height="8" rx="2" />
            </svg>
          ) : null}
          {park.ahead === undefined || park.ahead.length === 0 ? null : <Ahead voice={voice} list={park.ahead} />}
        </li>
      ))}
    </ul>
  );
};
