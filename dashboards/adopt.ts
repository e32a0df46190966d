/** Adopting a device: one more in the registry, and its dead letters are reopened. Shared by the API and the form of the operations page. */
import type { ResolvedType } from '../core/device-type.ts';
import { fail } from '../core/failure.ts';
import { deviceSchema } from '../core/town.ts';
import type { Views } from '../core/views.ts';
import type { Directory } from './directory.ts';

export interface Adopted {
  /** Offset of the registry change, which is durable. */
  readonly envelope: number;
  /** True where nobody else may speak in its name: it must give its id as user name from now on, or go on through the gateways that spoke for it. */
  readonly mustGiveName: boolean;
}

/** In a town of declared devices a name that nobody gives proves nothing: anybody could speak as the device, more easily than as a declared one. */
export const mustGiveName = ({ town }: Directory): boolean => town.admission === 'declared';

/**
 * @throws FailureError `bad-request` naming `subject`, `type` or `site`; `not-found` for an unknown site
 */
export const adoptDevice = async (
  views: Views,
  directory: Directory,
  types: ReadonlyMap<string, ResolvedType>,
  { subject, type, site }: { readonly subject: string; readonly type: string; readonly site?: string | undefined },
): Promise<Adopted> => {
  if (!types.has(type)) throw fail('bad-request', `no device type "${type}"; there are ${[...types.keys()].join(', ')}`, 'type');
  if (directory.town.devices.some(({ id }) => id === subject)) throw fail('bad-request', `"${subject}" is a device of the town already`, 'subject');
  const device = deviceSchema.safeParse({ id: subject, type, ...(site === undefined ? {} : { site: directory.site(site).id }) });
  if (!device.success) throw fail('bad-request', `not a device name: ${device.error.issues[0]?.message}`, 'subject');
  return { envelope: await views.change({ action: 'adopt', device: device.data }), mustGiveName: mustGiveName(directory) };
};
