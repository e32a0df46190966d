/** Pages of text: accessibility, and what is shown where there is nothing. */
import type { Voice } from '../parts/document.tsx';

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

export const ProblemPage = ({ voice: { words, href }, status, detail }: { voice: Voice; status: number; detail: string }) => (
  <article class="prose">
    <h1>{status === 404 ? words.problem.notFound : words.problem.other}</h1>
    <p>{status === 404 ? words.problem.notFoundText : null}</p>
    {detail === '' ? null : (
      <p class="small" lang="en">
        {status} · {detail}
      </p>
    )}
    <p>
      <a href={href('/')}>{words.problem.back}</a> · <a href={href('/sites')}>{words.footer.sitemap}</a>
    </p>
  </article>
);
