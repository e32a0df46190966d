/** What runs in the browser: each part looks for its own places in the page. Every page is complete without it. */
import './style.css';
import { countAges } from './ages.ts';
import { followLive } from './live.ts';

countAges();
followLive();
if (document.querySelector('[data-chart]') !== null) {
  const { drawCharts } = await import('./chart.ts');
  drawCharts();
}
