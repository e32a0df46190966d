/** The windows that are still open, folded as they would close now: for pages, never stored. */
import type { Element } from '../core/pane.ts';
import type { WindowName } from '../core/window.ts';
import { windowName } from '../core/window.ts';
import { peek } from './key-fold.ts';
import type { Context } from './pipeline.ts';

export interface OpenPane extends Readonly<Element> {
  readonly subject: string;
  readonly quantity: string;
  readonly window: WindowName;
}

export const openPanes = ({ state }: Context, subject: string): OpenPane[] => {
  const found: OpenPane[] = [];
  for (const [quantity, key] of state.subjects.get(subject)?.keys ?? []) {
    for (const { level, element } of peek(key.fold, state.logTime, state.closures)) found.push({ subject, quantity, window: windowName(level), ...element });
  }
  return found;
};
