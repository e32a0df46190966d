/** The version of this octroi, as its package says it. */
import about from '../package.json' with { type: 'json' };

export const octroiVersion: string = about.version;
