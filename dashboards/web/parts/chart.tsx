/** A curve: its name, its readout, the place where the island draws, and a table of the same values that needs no script. */
import type { ComponentChildren } from 'preact';
import type { Voice } from './document.tsx';

/** What the island is given, beside the page: columns, in seconds and in the unit. */
export interface ChartData {
  readonly unit: string;
  /** Epoch s of each window's start, and the end of the last. */
  readonly x: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[]; readonly kind: 'line' | 'dash' | 'point' }[];
  /** A range behind the curves, from low to high. */
  readonly band?: { readonly label: string; readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] };
  /** Windows to mark: seen too little, changed after they were first shown, or those that an alarm is about. */
  readonly marks: readonly { readonly from: number; readonly to: number; readonly kind: 'low' | 'revised' | 'unusual'; readonly text: string }[];
  readonly stepped: boolean;
  readonly noData: string;
}

/** JSON in a page: "<" would end the element. */
const embedded = (data: ChartData): { __html: string } => ({ __html: JSON.stringify(data).replaceAll('<', '\\u003c') });

export const Chart = ({
  voice: { words },
  id,
  name,
  help,
  data,
  children,
}: {
  voice: Voice;
  id: string;
  name: string;
  help: string;
  data: ChartData;
  children: ComponentChildren;
}) => (
  <figure class="chart" data-chart={id}>
    <p class="readout" data-readout>
      {'\u00a0'}
    </p>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the island makes it a curve that arrow keys walk */}
    {/* biome-ignore lint/a11y/useSemanticElements: no element of HTML is a curve */}
    <div class="canvas" role="group" tabIndex={0} aria-label={name} aria-describedby={`${id}-help`} data-canvas />
    <p class="visually-hidden" aria-live="polite" data-announce />
    <script type="application/json" data-data dangerouslySetInnerHTML={embedded(data)} />
    <figcaption class="small" id={`${id}-help`}>
      {help} <span class="keyboard">{words.site.keyboard}</span>
    </figcaption>
    <details>
      <summary>{words.site.tableOf}</summary>
      {children}
    </details>
  </figure>
);
