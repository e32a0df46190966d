/** From a page's data to its HTML. Bundled by Vite for the server: Node does not run .tsx. */
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Frame, Page } from './models.ts';
import { AlarmPage } from './pages/alarm.tsx';
import { AlarmsPage } from './pages/alarms.tsx';
import { OperationsPage } from './pages/operations.tsx';
import { ParkingPage } from './pages/parking.tsx';
import { AccessibilityPage, ProblemPage } from './pages/plain.tsx';
import { ReceiptPage } from './pages/receipt.tsx';
import { SitePage } from './pages/site.tsx';
import { SitesPage } from './pages/sites.tsx';
import { SumPage } from './pages/sum.tsx';
import { TownPage } from './pages/town.tsx';
import { Document, type Voice, voice } from './parts/document.tsx';
import { capital } from './text/format.ts';

const pageOf = (speak: Voice, page: Page): [title: string, body: VNode] => {
  const { words } = speak;
  switch (page.kind) {
    case 'town':
      return [words.town.title, <TownPage voice={speak} model={page.model} />];
    case 'sites':
      return [words.sites.title, <SitesPage voice={speak} model={page.model} />];
    case 'site':
      return [page.model.name, <SitePage voice={speak} model={page.model} />];
    case 'parking':
      return [words.parking.title, <ParkingPage voice={speak} model={page.model} />];
    case 'alarms':
      return [words.alarms.title, <AlarmsPage voice={speak} model={page.model} />];
    case 'alarm':
      return [
        `${capital(words.kinds[page.model.alarm.kind] ?? page.model.alarm.kind)}, ${page.model.alarm.place}`,
        <AlarmPage voice={speak} model={page.model} />,
      ];
    case 'operations':
      return [words.operations.title, <OperationsPage voice={speak} model={page.model} />];
    case 'receipt':
      return [`${words.receiptPage.title} ${page.model.device}`, <ReceiptPage voice={speak} model={page.model} />];
    case 'sum':
      return [words.receiptPage.sumTitle, <SumPage voice={speak} model={page.model} />];
    case 'accessibility':
      return [words.accessibility.title, <AccessibilityPage voice={speak} />];
    case 'problem':
      return [page.problem.status === 404 ? words.problem.notFound : words.problem.other, <ProblemPage voice={speak} problem={page.problem} />];
  }
};

/** The whole document. */
export const render = (page: Page, frame: Frame): string => {
  const speak = voice(frame);
  const [title, body] = pageOf(speak, page);
  return `<!doctype html>${renderToString(
    <Document voice={speak} title={title}>
      {body}
    </Document>,
  )}`;
};
