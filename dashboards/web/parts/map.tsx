/** The map of the town as SVG, drawn on the server. The list beside it is the accessible way to the same places. */
import type { MapModel, MapPoint } from '../models.ts';
import type { Voice } from './document.tsx';

const Point = ({ voice: { href, words }, point: { layer, x, y, name, detail, site } }: { voice: Voice; point: MapPoint }) => {
  const said =
    layer === 'car-park' ? words.parking.states[detail as keyof typeof words.parking.states] : layer === 'site' ? (words.uses[detail] ?? detail) : detail;
  const title = <title>{`${name}${said === '' ? '' : ` – ${said}`}`}</title>;
  switch (layer) {
    case 'station':
      return (
        <g class="station">
          {title}
          <circle cx={x} cy={y} r="7" />
        </g>
      );
    case 'car-park':
      return (
        <g class={`park ${detail}`}>
          {title}
          <rect x={x - 13} y={y - 13} width="26" height="26" rx="6" />
          <text x={x} y={y + 6.5} text-anchor="middle">
            {detail === 'unknown' ? '?' : 'P'}
          </text>
          {detail === 'full' || detail === 'closed' ? <path d={`M${x - 10} ${y + 10}L${x + 10} ${y - 10}`} /> : null}
        </g>
      );
    case 'site':
      // Not in the order of the tab key: a hundred stops; the list of sites leads to the same pages.
      return (
        <a class="site" href={href(`/sites/${encodeURIComponent(site ?? '')}`)} tabIndex={-1}>
          {title}
          <circle class="hit" cx={x} cy={y} r="13" />
          <circle cx={x} cy={y} r="6" />
        </a>
      );
  }
};

const TownMap = ({ voice, map, id }: { voice: Voice; map: MapModel; id: string }) => {
  const { words, frame } = voice;
  const present = new Set(map.points.map(({ layer }) => layer));
  return (
    <figure class="map">
      <a class="skip inline" href={`#${id}-end`}>
        {words.map.skip}
      </a>
      <svg viewBox={`0 0 ${map.width} ${map.height}`} role={present.has('site') ? 'group' : 'img'} aria-label={words.map.label(frame.town)}>
        {map.shapes.map(({ layer, d, name }, n) => (
          <path key={`${layer}${n}`} class={layer} d={d}>
            {name === '' ? null : <title>{name}</title>}
          </path>
        ))}
        {map.labels.map(({ x, y, text }) => (
          <text key={text} class="quarter-name" x={x} y={y} text-anchor="middle">
            {text}
          </text>
        ))}
        {map.points.map((point) => (
          <Point key={`${point.layer}${point.name}`} voice={voice} point={point} />
        ))}
      </svg>
      <figcaption id={`${id}-end`} tabIndex={-1}>
        <ul class="legend">
          {present.has('site') ? (
            <li>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <circle class="legend-site" cx="8" cy="8" r="5" />
              </svg>
              {words.map.site}
            </li>
          ) : null}
          {present.has('car-park') ? (
            <li>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <rect class="legend-park" x="1" y="1" width="14" height="14" rx="3" />
              </svg>
              {words.map.carPark}
            </li>
          ) : null}
          <li>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <circle class="legend-station" cx="8" cy="8" r="5" />
            </svg>
            {words.map.station}
          </li>
          {(['quarter', 'road', 'rail', 'river'] as const).map((layer) => (
            <li key={layer}>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path class={`legend-line ${layer}`} d="M0 8H16" />
              </svg>
              {words.map[layer]}
            </li>
          ))}
        </ul>
        <p class="small">{words.map.places}</p>
        <p class="small">
          {words.map.sources} {map.attributions.join(' · ')}
        </p>
      </figcaption>
    </figure>
  );
};

/** The map with its heading; nothing where there is none. */
export const MapSection = ({ voice, title, map, id }: { voice: Voice; title: string; map: MapModel | null; id: string }) =>
  map === null ? null : (
    <section aria-labelledby="map">
      <h2 id="map">{title}</h2>
      <TownMap voice={voice} map={map} id={id} />
    </section>
  );
