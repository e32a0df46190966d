/** Builds the pages where they are not built yet, for an image whose files cannot be written later. */
import { buildWeb } from './bundle.ts';

console.log(await buildWeb());
