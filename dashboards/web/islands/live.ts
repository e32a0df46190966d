/** Live figures: one stream for the page, at most one change a second, pausable, asleep while the page is hidden. */
import { countAge } from './ages.ts';
import { show, words } from './page.ts';

interface Latest {
  readonly device: string;
  readonly quantity: string;
  readonly at: string;
  readonly value: number | string | null;
}
interface Commit {
  readonly log_time: string;
  readonly latest: readonly Latest[];
}

const stepMs = 1_000;
const quantities = 'active_power,free_places';

const setText = (element: Element | null | undefined, text: string): void => {
  if (element && element.textContent !== text) element.textContent = text;
};

/** The car park of a page, as a reading changes it. */
const carPark = (element: HTMLElement, { value, at }: Latest): void => {
  const capacity = element.dataset.capacity === undefined ? null : Number(element.dataset.capacity);
  const known = typeof value === 'number' && (capacity === null || value <= capacity);
  const free = known ? Math.max(0, value) : null;
  const state = free === null ? 'unknown' : free === 0 ? 'full' : 'free';
  // The shape of another state comes with the page: only what stays in its state is changed here.
  if (!element.classList.contains(state)) return void location.reload();
  const { parking } = words;
  setText(element.querySelector('[data-live=state]'), parking.states[state]);
  const places = free === null ? '' : capacity === null ? parking.free(show.number(free, 0)) : parking.freeOf(show.number(free, 0), show.number(capacity, 0));
  setText(element.querySelector('[data-live=places]'), places);
  if (free !== null && capacity !== null) element.querySelector('.gauge .part')?.setAttribute('width', String(Math.round((100 * free) / capacity)));
  const time = element.querySelector<HTMLTimeElement>('time[data-ago]');
  if (time !== null) {
    time.dateTime = at;
    countAge(time);
  }
};

/** The sum of the roofs, as readings change it. */
const roofs = (tile: HTMLElement | null): ((latest: Latest) => void) => {
  if (tile === null) return () => undefined;
  const watts = new Map(Object.entries(JSON.parse(tile.dataset.livePv ?? '{}') as Record<string, number | null>));
  return ({ device, quantity, value }) => {
    if (quantity !== 'active_power' || !watts.has(device)) return;
    watts.set(device, typeof value === 'number' ? value : null);
    const known = [...watts.values()].filter((one) => one !== null);
    const sum = Math.max(
      0,
      known.reduce((total, one) => total + one, 0),
    );
    setText(tile.querySelector('[data-live-watts]'), known.length === 0 ? words.noData : show.power(sum));
    setText(tile.querySelector('[data-live-reporting]'), words.town.pvFrom(known.length, watts.size));
  };
};

/** The stream of commits, opened and closed as often as is wanted. */
const commits = (heard: (commit: Commit) => void): { open(): void; close(): void } => {
  let stream: EventSource | null = null;
  return {
    open() {
      if (stream !== null) return;
      stream = new EventSource(`/api/v1/events?quantity=${quantities}`);
      stream.addEventListener('commit', (event) => heard(JSON.parse((event as MessageEvent<string>).data) as Commit));
      // Something was missed: the page as a whole is asked for again.
      stream.addEventListener('gap', () => location.reload());
    },
    close() {
      stream?.close();
      stream = null;
    },
  };
};

export const followLive = (): void => {
  const bar = document.querySelector<HTMLElement>('[data-live-bar]');
  if (bar === null || typeof EventSource === 'undefined') return;
  const status = bar.querySelector('[data-live-status]');
  const button = bar.querySelector<HTMLButtonElement>('[data-live-pause]');
  const parks = new Map([...document.querySelectorAll<HTMLElement>('[data-car-park]')].map((element) => [element.dataset.carPark ?? '', element]));
  const sun = roofs(document.querySelector('[data-live-pv]'));
  const waiting = new Map<string, Latest>();
  let received: string | null = null;
  let paused = false;

  const flush = (): void => {
    if (received === null) return;
    setText(status, words.town.lastReading(show.seconds(Date.parse(received))));
    received = null;
    for (const latest of waiting.values()) {
      const park = latest.quantity === 'free_places' ? parks.get(latest.device) : undefined;
      if (park !== undefined) carPark(park, latest);
      sun(latest);
    }
    waiting.clear();
  };
  const stream = commits((commit) => {
    received = commit.log_time;
    for (const latest of commit.latest) waiting.set(`${latest.device}/${latest.quantity}`, latest);
  });
  const open = (): void => {
    if (!paused && !document.hidden) stream.open();
  };

  bar.hidden = false;
  setInterval(flush, stepMs);
  document.addEventListener('visibilitychange', () => (document.hidden ? stream.close() : open()));
  button?.addEventListener('click', () => {
    paused = !paused;
    bar.classList.toggle('paused', paused);
    button.setAttribute('aria-pressed', String(paused));
    setText(button, paused ? words.town.resume : words.town.pause);
    if (paused) {
      stream.close();
      waiting.clear();
      received = null;
      setText(status, words.town.paused);
    } else open();
  });
  open();
};
