/** `npm start`: installs what is missing, then starts octroi with the demo town. */
import { install } from './install.mjs';

install();
process.argv.splice(2, 0, 'start');
await import('./octroi.mjs');
