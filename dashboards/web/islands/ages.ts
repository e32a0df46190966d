/** Counts "updated n s ago" on, and turns it to a warning when it is too old. */
import { show, words } from './page.ts';

const stepMs = 1_000;

export const countAge = (element: HTMLTimeElement): void => {
  const at = Date.parse(element.dateTime);
  const now = Date.now();
  const stale = now - at > Number(element.dataset.ago);
  element.textContent = words.ago(show.ago(at, now)) + (stale ? ` – ${words.parking.stale}` : '');
  element.classList.toggle('stale', stale);
};

export const countAges = (): void => {
  const all = document.querySelectorAll<HTMLTimeElement>('time[data-ago]');
  if (all.length === 0) return;
  setInterval(() => {
    if (!document.hidden) for (const one of all) countAge(one);
  }, stepMs);
};
