/** What is said of a site wherever it appears. Its figures are left to the loaders. */
import type { Site } from '../../../core/town.ts';
import type { Directory } from '../../directory.ts';
import type { SiteHead } from '../models.ts';

export const siteHead = ({ town: { quarters } }: Directory, { id, name, use, quarter, areaM2 }: Site): SiteHead => ({
  id,
  name,
  use: use ?? '',
  quarter: quarters.find((one) => one.id === quarter)?.name ?? '',
  areaM2: areaM2 ?? null,
});
