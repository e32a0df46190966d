/** The frame of every page: head, banner, navigation, footer. What stands between is left to the pages. */
import type { ComponentChildren } from 'preact';
import type { Frame } from '../models.ts';
import { type Format, format } from '../text/format.ts';
import type { Messages } from '../text/fr.ts';
import { messages } from '../text/messages.ts';

/** What parts of a page need to speak. */
export interface Voice {
  readonly frame: Frame;
  readonly words: Messages;
  readonly show: Format;
  /** A path with the language before it. */
  readonly href: (path: string) => string;
}

export const voice = (frame: Frame): Voice => ({
  frame,
  words: messages(frame.language),
  show: format(frame.language, frame.zone),
  href: (path) => `/${frame.language}${path}`,
});

const sections = [
  ['town', '/'],
  ['sites', '/sites'],
  ['parking', '/parking'],
  ['alarms', '/alarms'],
  ['operations', '/operations'],
] as const;

const current = (path: string, section: string): 'page' | 'true' | undefined => {
  const [plain = '/'] = path.split('?');
  if (plain === section) return 'page';
  return section !== '/' && plain.startsWith(section) ? 'true' : undefined;
};

const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
    <path d="M4 28V13L16 4l12 9v15h-8v-8a4 4 0 0 0-8 0v8z" />
  </svg>
);

export const Document = ({ voice: { frame, words, href }, title, children }: { voice: Voice; title: string; children: ComponentChildren }) => {
  const other = frame.language === 'fr' ? 'en' : 'fr';
  return (
    <html lang={frame.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="description" content={`${title} – ${frame.town}`} />
        <title>{`${title} – ${frame.town} – octroi`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        {frame.assets.styles.map((file) => (
          <link key={file} rel="stylesheet" href={file} />
        ))}
        <link rel="alternate" hreflang="fr" href={`/fr${frame.path}`} />
        <link rel="alternate" hreflang="en" href={`/en${frame.path}`} />
        <script type="module" src={frame.assets.script} />
      </head>
      <body data-zone={frame.zone}>
        <a class="skip" href="#content">
          {words.skip}
        </a>
        <header class="top">
          <div class="wrap">
            <a class="brand" href={href('/')}>
              <Mark />
              <span>
                <strong>octroi</strong>
                <span class="brand-town">{frame.town}</span>
              </span>
            </a>
            <nav aria-label={words.nav.label}>
              <ul>
                {sections.map(([name, path]) => (
                  <li key={name}>
                    <a href={href(path)} aria-current={current(frame.path, path)}>
                      {words.nav[name]}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
            <a class="language" href={`/${other}${frame.path}`} hreflang={other} lang={other}>
              {words.other}
            </a>
          </div>
        </header>
        {frame.simulated ? (
          <aside class="simulated" aria-label={words.simulated}>
            <p class="wrap">
              <strong>{words.simulated}</strong> {words.simulatedLong}
            </p>
          </aside>
        ) : null}
        <main id="content" class="wrap" tabIndex={-1}>
          {children}
        </main>
        <footer class="bottom">
          <div class="wrap">
            <ul>
              <li>
                <a href={href('/accessibility')}>{words.footer.accessibility}</a>
              </li>
              <li>
                <a href={href('/sites')}>{words.footer.sitemap}</a>
              </li>
              <li>
                <a href="/api/v1/openapi.json">{words.footer.api}</a>
              </li>
            </ul>
            <p>{words.footer.zone(frame.zone)}</p>
          </div>
        </footer>
      </body>
    </html>
  );
};
