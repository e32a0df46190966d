/** Draws the curves with uPlot: gaps stay gaps, marks for what was seen too little or revised, a readout for pointer and keyboard. */
import uPlot from 'uplot';
import type { ChartData } from '../parts/chart.tsx';
import { show, zone } from './page.ts';

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
  readonly band: string;
  readonly unusual: string;
}

const palette = (): Palette => ({
  ink: resolved('chart-ink'),
  grid: resolved('chart-grid'),
  line: resolved('chart-line'),
  fill: resolved('chart-fill'),
  before: resolved('chart-before'),
  low: resolved('chart-low'),
  revised: resolved('chart-revised'),
  band: resolved('chart-band'),
  unusual: resolved('chart-unusual'),
});

/** Hatches from `left` to `right`, pixels of the canvas. */
const hatch = ({ ctx, bbox }: uPlot, left: number, right: number, ink: string): void => {
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, Math.max(1, right - left), bbox.height);
  ctx.clip();
  ctx.strokeStyle = ink;
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
};

const triangle = ({ ctx, bbox }: uPlot, middle: number, ink: string): void => {
  const size = 5 * uPlot.pxRatio;
  ctx.fillStyle = ink;
  ctx.beginPath();
  ctx.moveTo(middle - size, bbox.top);
  ctx.lineTo(middle + size, bbox.top);
  ctx.lineTo(middle, bbox.top + size * 1.6);
  ctx.fill();
};

/** Hatching for windows that were seen too little, a triangle for those that changed, a tint for those that an alarm is about. */
const drawMarks = (chart: uPlot, marks: ChartData['marks'], colours: Palette): void => {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { from, to, kind } of marks) {
    const left = chart.valToPos(from, 'x', true);
    const right = chart.valToPos(to, 'x', true);
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    if (kind === 'low') hatch(chart, left, right, colours.low);
    else if (kind === 'unusual') {
      ctx.fillStyle = colours.unusual;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    } else triangle(chart, (left + right) / 2, colours.revised);
  }
  ctx.restore();
};

/** What stands at a place of the curve, in words. */
const speaker = (data: ChartData): ((at: number) => string) => {
  const marked = new Map(data.marks.map((mark) => [mark.from, mark.text]));
  return (at) => {
    const x = data.x[at] ?? 0;
    const values = data.series.flatMap(({ label, values: own, kind }) => {
      const value = own[at];
      // The note of its window says it.
      if (kind === 'point') return [];
      return `${label} ${value === null || value === undefined ? data.noData : show.unit(value, data.unit)}`;
    });
    const note = marked.get(x);
    const [low, high] = [data.band?.low[at], data.band?.high[at]];
    if (data.band !== undefined && typeof low === 'number' && typeof high === 'number')
      values.push(`${data.band.label} ${show.number(low)}–${show.unit(high, data.unit)}`);
    return `${show.moment(x * 1000)} – ${values.join(' · ')}${note === undefined ? '' : ` (${note})`}`;
  };
};

const dayOrHour = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const axisText = (at: number): string => (dayOrHour.format(at) === '00:00' ? show.shortDate(at) : show.time(at));

/** The colours of this moment: they change with the page's scheme. */
type Colours = () => Palette;

const axesOf = ({ unit }: ChartData, colours: Colours): uPlot.Axis[] => [
  {
    stroke: () => colours().ink,
    grid: { stroke: () => colours().grid, width: 1 },
    ticks: { stroke: () => colours().grid },
    font: '12px system-ui',
    values: (_, splits) => splits.map((x) => axisText(x * 1000)),
    space: 84,
  },
  {
    stroke: () => colours().ink,
    grid: { stroke: () => colours().grid, width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
    size: 62,
    values: (_, splits) => splits.map((value) => `${show.number(value, value % 1 === 0 ? 0 : 1)} ${unit}`),
  },
];

const seriesOf = (data: ChartData, colours: Colours): uPlot.Series[] => {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return data.series.map(({ label, kind }) => ({
    label,
    stroke: () => (kind === 'line' ? colours().line : colours().before),
    ...(kind === 'line' ? { fill: () => colours().fill } : { dash: [6, 4] }),
    width: kind === 'line' ? 2 : 1.5,
    spanGaps: false,
    ...(kind === 'point'
      ? { paths: () => null, points: { show: true, size: 10, width: 2, stroke: () => colours().revised, fill: () => colours().revised } }
      : { points: { show: false }, ...(data.stepped && stepped !== undefined ? { paths: stepped } : {}) }),
  }));
};

/** The edges of the range: only what lies between them is drawn. */
const edgesOf = (data: ChartData): uPlot.Series[] => {
  if (data.band === undefined) return [];
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const edge: uPlot.Series = { width: 0, spanGaps: false, points: { show: false }, ...(data.stepped && stepped !== undefined ? { paths: stepped } : {}) };
  return [{ ...edge }, { ...edge }];
};

/** @param pointed hears the place that the pointer is over */
const plot = (canvas: HTMLElement, data: ChartData, colours: Colours, pointed: (at: number) => void): uPlot =>
  new uPlot(
    {
      width: canvas.clientWidth,
      height,
      // The last date of the axis stands half beyond the curve.
      padding: [null, 32, null, null],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(0.1, (high ?? 1) * 1.08)] } },
      axes: axesOf(data, colours),
      series: [{}, ...seriesOf(data, colours), ...edgesOf(data)],
      bands: data.band === undefined ? [] : [{ series: [data.series.length + 1, data.series.length + 2], fill: () => colours().band }],
      hooks: {
        drawClear: [(self) => drawMarks(self, data.marks, colours())],
        setCursor: [
          ({ cursor: { idx } }) => {
            if (typeof idx === 'number') pointed(idx);
          },
        ],
      },
    },
    [[...data.x], ...data.series.map(({ values }) => [...values]), ...(data.band === undefined ? [] : [[...data.band.high], [...data.band.low]])],
    canvas,
  );

/** Arrows, pages, Home and End walk along the curve, whose last place is `last`. */
const walkByKeys = (canvas: HTMLElement, last: number, onPlace: (at: number) => void): void => {
  let place = last;
  const moveTo = (at: number): void => {
    place = Math.max(0, Math.min(last, at));
    onPlace(place);
  };
  const steps: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => moveTo(place - 1),
    ArrowRight: () => moveTo(place + 1),
    PageUp: () => moveTo(place - 24),
    PageDown: () => moveTo(place + 24),
    Home: () => moveTo(0),
    End: () => moveTo(last),
    Escape: () => canvas.blur(),
  };
  canvas.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  });
};

/** What the readout says while nobody points. */
const legendOf = ({ series, band }: ChartData): string => {
  const signs = { line: '—', dash: '- -', point: '●' } as const;
  const lines = series.map(({ label, kind }) => `${signs[kind]} ${label}`);
  return [...lines, ...(band === undefined ? [] : [`▒ ${band.label}`])].join('   ');
};

const draw = (figure: HTMLElement): void => {
  const canvas = figure.querySelector<HTMLElement>('[data-canvas]');
  const readout = figure.querySelector<HTMLElement>('[data-readout]');
  const announce = figure.querySelector<HTMLElement>('[data-announce]');
  const block = figure.querySelector('[data-data]');
  if (canvas === null || block === null) return;
  const data = JSON.parse(block.textContent ?? '') as ChartData;
  if (data.x.length < 2) return;
  const last = data.x.length - 2;
  const said = speaker(data);
  const tell = (text: string): void => {
    if (readout !== null) readout.textContent = text;
  };

  let colours = palette();
  const chart = plot(
    canvas,
    data,
    () => colours,
    (at) => tell(said(Math.min(at, last))),
  );
  walkByKeys(canvas, last, (at) => {
    chart.setCursor({ left: chart.valToPos(data.x[at] ?? 0, 'x'), top: height / 3 });
    tell(said(at));
    if (announce !== null) announce.textContent = said(at);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours = palette();
    chart.redraw(false);
  });
  new ResizeObserver(() => chart.setSize({ width: canvas.clientWidth, height })).observe(canvas);
  tell(legendOf(data));
  canvas.addEventListener('pointerleave', () => tell(legendOf(data)));
};

export const drawCharts = (): void => {
  for (const figure of document.querySelectorAll<HTMLElement>('[data-chart]')) draw(figure);
};
