/** Adopting a device: one more in the registry, and its dead letters are reopened. Shared by the API and the form of the operations page. */
import type { ResolvedType } from '../core/device-type.ts';
import { fail } from '../core/failure.ts';
import { deviceSchema } from '../core/town.ts';
import type { Views } from '../core/views.ts';
import type { Directory } from './directory.ts';

/**
 * @returns the offset of the registry change, once it is durable
 * @throws FailureError `bad-request` naming `subject`, `type` or `site`; `not-found` for an unknown site
 */
export const adoptDevice = async (
  views: Views,
  directory: Directory,
  types: ReadonlyMap<string, ResolvedType>,
  { subject, type, site }: { readonly subject: string; readonly type: string; readonly site?: string | undefined },
): Promise<number> => {
  if (!types.has(type)) throw fail('bad-request', `no device type "${type}"; there are ${[...types.keys()].join(', ')}`, 'type');
  if (directory.town.devices.some(({ id }) => id === subject)) throw fail('bad-request', `"${subject}" is a device of the town already`, 'subject');
  const device = deviceSchema.safeParse({ id: subject, type, ...(site === undefined ? {} : { site: directory.site(site).id }) });
  if (!device.success) throw fail('bad-request', `not a device name: ${device.error.issues[0]?.message}`, 'subject');
  return views.change({ action: 'adopt', device: device.data });
};
