/** Draws the curves with uPlot: gaps stay gaps, marks for what was seen too little or revised, a readout for pointer and keyboard. */
import uPlot from 'uplot';
import type { ChartData } from '../parts/chart.tsx';
import { show, words, zone } from './page.ts';

const height = 300;

/** A colour of the page's own scheme: a canvas does not follow CSS by itself. */
const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** light-dark() is only resolved where it is used. */
const resolved = (name: string): string => {
  const probe = document.createElement('i');
  probe.className = `probe ${name}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found === '' ? colour(`--${name}`) : found;
};

interface Palette {
  readonly ink: string;
  readonly grid: string;
  readonly line: string;
  readonly fill: string;
  readonly before: string;
  readonly low: string;
  readonly revised: string;
}

const palette = (): Palette => ({
  ink: resolved('chart-ink'),
  grid: resolved('chart-grid'),
  line: resolved('chart-line'),
  fill: resolved('chart-fill'),
  before: resolved('chart-before'),
  low: resolved('chart-low'),
  revised: resolved('chart-revised'),
});

/** Hatching for windows that were seen too little, a triangle for those that changed. */
const drawMarks = (chart: uPlot, marks: ChartData['marks'], colours: Palette): void => {
  const { ctx, bbox } = chart;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { from, to, kind } of marks) {
    const left = chart.valToPos(from, 'x', true);
    const right = chart.valToPos(to, 'x', true);
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    if (kind === 'low') {
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, bbox.top, Math.max(1, right - left), bbox.height);
      ctx.clip();
      ctx.strokeStyle = colours.low;
      ctx.lineWidth = ratio;
      ctx.beginPath();
      const step = 7 * ratio;
      const first = Math.floor((left - bbox.height) / step) * step;
      for (let x = first; x < right; x += step) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
      ctx.restore();
    } else {
      const middle = (left + right) / 2;
      const size = 5 * ratio;
      ctx.fillStyle = colours.revised;
      ctx.beginPath();
      ctx.moveTo(middle - size, bbox.top);
      ctx.lineTo(middle + size, bbox.top);
      ctx.lineTo(middle, bbox.top + size * 1.6);
      ctx.fill();
    }
  }
  ctx.restore();
};

const draw = (figure: HTMLElement): void => {
  const canvas = figure.querySelector<HTMLElement>('[data-canvas]');
  const readout = figure.querySelector<HTMLElement>('[data-readout]');
  const announce = figure.querySelector<HTMLElement>('[data-announce]');
  const block = figure.querySelector('[data-data]');
  if (canvas === null || block === null) return;
  const data = JSON.parse(block.textContent ?? '') as ChartData;
  if (data.x.length < 2) return;
  let colours = palette();
  const marked = new Map(data.marks.map((mark) => [mark.from, mark.text]));
  const last = data.x.length - 2;

  /** What stands at a place of the curve, in words. */
  const said = (at: number): string => {
    const x = data.x[at] ?? 0;
    const values = data.series.map(({ label, values: own }) => {
      const value = own[at];
      return `${label} ${value === null || value === undefined ? data.noData : show.unit(value, data.unit)}`;
    });
    const note = marked.get(x);
    return `${show.moment(x * 1000)} – ${values.join(' · ')}${note === undefined ? '' : ` (${note})`}`;
  };
  const tell = (text: string): void => {
    if (readout !== null) readout.textContent = text;
  };

  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const chart = new uPlot(
    {
      width: canvas.clientWidth,
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(0.1, (high ?? 1) * 1.08)] } },
      axes: [
        {
          stroke: () => colours.ink,
          grid: { stroke: () => colours.grid, width: 1 },
          ticks: { stroke: () => colours.grid },
          font: '12px system-ui',
          values: (_, splits) => splits.map((x) => axisText(x * 1000)),
          space: 84,
        },
        {
          stroke: () => colours.ink,
          grid: { stroke: () => colours.grid, width: 1 },
          ticks: { show: false },
          font: '12px system-ui',
          size: 62,
          values: (_, splits) => splits.map((value) => `${show.number(value, value % 1 === 0 ? 0 : 1)} ${data.unit}`),
        },
      ],
      series: [
        {},
        ...data.series.map(
          ({ label, kind }): uPlot.Series => ({
            label,
            stroke: () => (kind === 'line' ? colours.line : colours.before),
            ...(kind === 'line' ? { fill: () => colours.fill } : { dash: [6, 4] }),
            width: kind === 'line' ? 2 : 1.5,
            spanGaps: false,
            points: { show: false },
            ...(data.stepped && stepped !== undefined ? { paths: stepped } : {}),
          }),
        ),
      ],
      hooks: {
        drawClear: [(self) => drawMarks(self, data.marks, colours)],
        setCursor: [
          ({ cursor: { idx } }) => {
            if (typeof idx === 'number') tell(said(Math.min(idx, last)));
          },
        ],
      },
    },
    [[...data.x], ...data.series.map(({ values }) => [...values])],
    canvas,
  );

  let place = last;
  const moveTo = (at: number): void => {
    place = Math.max(0, Math.min(last, at));
    chart.setCursor({ left: chart.valToPos(data.x[place] ?? 0, 'x'), top: height / 3 });
    tell(said(place));
    if (announce !== null) announce.textContent = said(place);
  };
  canvas.addEventListener('keydown', (event) => {
    const steps: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => moveTo(place - 1),
      ArrowRight: () => moveTo(place + 1),
      PageUp: () => moveTo(place - 24),
      PageDown: () => moveTo(place + 24),
      Home: () => moveTo(0),
      End: () => moveTo(last),
      Escape: () => canvas.blur(),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  });
  const redraw = (): void => {
    colours = palette();
    chart.redraw(false);
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  new ResizeObserver(() => chart.setSize({ width: canvas.clientWidth, height })).observe(canvas);
  const rest = data.series.length > 1 ? `${data.series.map(({ label }, n) => `${n === 0 ? '—' : '- -'} ${label}`).join('   ')}` : `— ${words.site.present}`;
  tell(rest);
  canvas.addEventListener('pointerleave', () => tell(rest));
};

const dayOrHour = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const axisText = (at: number): string => (dayOrHour.format(at) === '00:00' ? show.shortDate(at) : show.time(at));

export const drawCharts = (): void => {
  for (const figure of document.querySelectorAll<HTMLElement>('[data-chart]')) draw(figure);
};
