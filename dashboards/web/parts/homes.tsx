/** Homes by quarter, as tiles: never one home. What may be shown at all is left to `figures/residential.ts`. */
import type { Amount } from '../../figures/energy.ts';
import type { Voice } from './document.tsx';
import { Coverage, Figure } from './figures.tsx';

interface Group {
  readonly name: string;
  readonly meters: number;
  readonly yesterday: Amount;
}

/** Nothing where there is no group that may be shown. */
export const Homes = ({ voice, title, help, groups }: { voice: Voice; title: string; help: string; groups: readonly Group[] }) =>
  groups.length === 0 ? null : (
    <section aria-labelledby="homes">
      <h2 id="homes">{title}</h2>
      <p class="small">{help}</p>
      <ul class="tiles">
        {groups.map(({ name, meters, yesterday: { kWh, coverage } }) => (
          <li key={name} class="tile">
            <h3>{name}</h3>
            <p>
              <Figure voice={voice} of={kWh === null ? null : voice.show.energy(kWh)} />
            </p>
            <p class="foot">
              <Coverage voice={voice} share={coverage} />
              <span class="small">{voice.words.meters(meters)}</span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
