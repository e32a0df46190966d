/** The figure of a window with its unit, and the table of what changed one: old, new, why and when. */
import { unitSymbol } from '../../../core/unit.ts';
import type { ReceiptChange, ReceiptPane } from '../models.ts';
import type { Voice } from './document.tsx';
import { Moment } from './figures.tsx';
import { Heads } from './heads.tsx';

export const Value = ({ voice: { words, show }, pane, unit }: { voice: Voice; pane: ReceiptPane; unit: string }) => (
  <>{pane.text ?? (pane.value === null ? words.noData : show.unit(pane.value, unitSymbol(unit), 4))}</>
);

interface ShownChange extends ReceiptChange {
  /** What changed, where the table is of several figures. */
  readonly of: { readonly name: string; readonly path: string; readonly unit: string } | null;
}

/** Old, new, why and when. A value that stayed shows by its coverage why there is another version. */
export const Changes = ({ voice, list, caption, unit }: { voice: Voice; list: readonly ShownChange[]; caption: string; unit: string }) => {
  const { words, show, href } = voice;
  const { changes: c } = words;
  const Side = ({ pane, of }: { pane: ReceiptPane | null; of: ShownChange['of'] }) =>
    pane === null ? (
      <span>{words.noData}</span>
    ) : (
      <>
        <Value voice={voice} pane={pane} unit={of?.unit ?? unit} /> <span class="small">{show.percent(pane.coverage)}</span>
      </>
    );
  const several = list.some(({ of }) => of !== null);
  return (
    <table class="numbers stack">
      <caption class="visually-hidden">{caption}</caption>
      <Heads labels={[c.when, ...(several ? [words.site.meter] : []), c.old, c.new, c.why]} text={1} />
      <tbody>
        {list.map(({ at, old, new: present, why, isAdjustment, of }) => (
          <tr key={`${of?.name}/${present.version}`}>
            <th scope="row">{at === null ? c.unknownTime : <Moment voice={voice} at={at} />}</th>
            {several ? <td data-label={words.site.meter}>{of === null ? null : <a href={href(of.path)}>{of.name}</a>}</td> : null}
            <td data-label={c.old}>
              <Side pane={old} of={of} />
            </td>
            <td data-label={c.new}>
              <Side pane={present} of={of} />
            </td>
            <td data-label={c.why} class="text">
              {[...why.map((cause) => c.causes[cause]), ...(isAdjustment ? [c.adjustment] : [])].join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};
