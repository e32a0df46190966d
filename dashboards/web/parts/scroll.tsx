/** A wide table or picture that scrolls by itself, so that the page does not; reachable by keyboard. */
import type { ComponentChildren } from 'preact';

export const Scroll = ({ label, tall = false, children }: { label: string; tall?: boolean; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
  <section class={tall ? 'scroll tall' : 'scroll'} tabIndex={0} aria-label={label}>
    {children}
  </section>
);
