/** The language and zone of the page at hand, and its words. */
import type { Language } from '../models.ts';
import { format } from '../text/format.ts';
import { messages } from '../text/messages.ts';

const language = (document.documentElement.lang === 'en' ? 'en' : 'fr') satisfies Language;
export const zone = document.body.dataset.zone ?? 'Europe/Paris';
export const words = messages(language);
export const show = format(language, zone);
