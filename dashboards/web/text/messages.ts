/** The languages there are, one line each. */
import type { Language } from '../models.ts';
import { en } from './en.ts';
import { fr, type Messages } from './fr.ts';

export const languages: readonly Language[] = ['fr', 'en'];
const all: Readonly<Record<Language, Messages>> = { fr, en };
export const messages = (language: Language): Messages => all[language];
