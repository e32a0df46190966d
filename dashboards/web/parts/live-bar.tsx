/** Says how old the live figures are and lets the reader stop them. Shown by the island `live`, so not where scripts do not run. */
import type { Voice } from './document.tsx';

export const LiveBar = ({ words }: Pick<Voice, 'words'>) => (
  <p class="live-bar" data-live-bar hidden>
    <span class="pulse" aria-hidden="true" />
    <span data-live-status>{words.town.waiting}</span>
    <button type="button" data-live-pause aria-pressed="false">
      {words.town.pause}
    </button>
  </p>
);
