/** Tests that a run left out for want of a real server, out of vitest's report. How a test says so is in test/reason.ts. Runs on Node 20. */

/** What the reason of such a test begins with; what is missing follows, to the end of the title. */
export const noServerHere = 'no server here: ';

/**
 * @param report what vitest's JSON reporter wrote
 * @returns what is missing, and the tests that wanted it, by file
 */
export const missingServers = ({ testResults }) => {
  const missing = new Map();
  for (const { name, assertionResults } of testResults) {
    for (const { status, ancestorTitles, title } of assertionResults) {
      const said = [...ancestorTitles, title].find((one) => one.includes(noServerHere));
      if (said === undefined || status === 'passed' || status === 'failed') continue;
      const what = said.slice(said.indexOf(noServerHere) + noServerHere.length);
      const files = missing.get(what) ?? new Map();
      files.set(name, (files.get(name) ?? 0) + 1);
      missing.set(what, files);
    }
  }
  return missing;
};

/** The same in lines for people. @param root what file names are told relative to */
export const missingLines = (missing, root) =>
  [...missing].flatMap(([what, files]) => [
    `left out for want of ${what}:`,
    ...[...files].map(([file, count]) => `    ${count} in ${file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file}`),
  ]);
