/** POST /api/v1/devices/adopt: takes an unknown device into the town. */
import { z } from 'zod';
import { adoptDevice } from '../adopt.ts';
import { name, route } from './route.ts';

export const adopt = route({
  method: 'POST',
  url: '/api/v1/devices/adopt',
  summary: 'Adopts a device; its dead letters are reopened. The Origin header must be the address of this server',
  body: z.strictObject({ subject: name, type: name, site: name.optional() }),
  answer: z.object({
    subject: z.string(),
    type: z.string(),
    envelope: z.number().describe('offset of the change in the log'),
    user_name: z
      .string()
      .nullable()
      .describe(
        'the MQTT user name that the device must connect with from now on, unless it speaks through a gateway that did before: what comes without a name is the dead letter foreign-device. null: the town is open',
      ),
  }),
  async handle({ views, types, directory }, { body }) {
    const { envelope, mustGiveName } = await adoptDevice(views, await directory(), types, body);
    return { subject: body.subject, type: body.type, envelope, user_name: mustGiveName ? body.subject : null };
  },
});
