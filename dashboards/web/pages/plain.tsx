/** Pages of text: accessibility, and what is shown where there is nothing. */
import type { ProblemModel } from '../models.ts';
import type { Voice } from '../parts/document.tsx';
import { remedyWords } from '../text/remedies.ts';

export const AccessibilityPage = ({ voice: { words } }: { voice: Voice }) => {
  const { accessibility: a } = words;
  return (
    <article class="prose">
      <h1>{a.title}</h1>
      <h2>{a.status}</h2>
      <p>{a.statusText}</p>
      <h2>{a.done}</h2>
      <ul>
        {a.doneItems.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      <h2>{a.notDone}</h2>
      <ul>
        {a.notDoneItems.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      <h2>{a.contact}</h2>
      <p>{a.contactText}</p>
    </article>
  );
};

/** What is wrong, as far as it can be said in the reader's language. */
const wrong = ({ words: { problem: p }, frame }: Voice, { status, code, field }: ProblemModel): string => {
  if (status === 404) return (field === null ? undefined : p.unknown[field]) ?? p.notFoundText;
  if (code === 'bad-request' && field !== null && field !== '') return p.parameter(field);
  return remedyWords(frame.language, code);
};

export const ProblemPage = ({ voice, problem }: { voice: Voice; problem: ProblemModel }) => {
  const { words, href } = voice;
  const { status, detail } = problem;
  return (
    <article class="prose">
      <h1>{status === 404 ? words.problem.notFound : words.problem.other}</h1>
      <p>{wrong(voice, problem)}</p>
      {detail === '' ? null : (
        <p class="small">
          {status} · <span lang="en">{detail}</span>
        </p>
      )}
      <p>
        <a href={href('/')}>{words.problem.back}</a> · <a href={href('/sites')}>{words.footer.sitemap}</a>
      </p>
    </article>
  );
};
