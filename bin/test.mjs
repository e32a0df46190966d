/**
 * `npm test`: installs what is missing, then checks types, lint and dead code, and runs every test; those over servers that are not here are left out,
 * and counted. Arguments go to vitest (a file, a folder). With SERVERS_REQUIRED=1 a test that was left out for want of a server is a failure.
 * The last line counts: N passed, N failed, N skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from './install.mjs';
import { missingLines, missingServers } from './missing-servers.mjs';
import { findNode, noNode, root } from './node24.mjs';

install();
const node = findNode();
if (node === null) {
  console.error(noNode);
  process.exit(1);
}
const bin = (path) => join(root, 'node_modules', path);
const env = {
  NODE_COMPILE_CACHE: join(root, '.cache', 'node'),
  ...process.env,
  PATH: `${join(node, '..')}:${process.env.PATH}`,
  NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
};
const only = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;

const check = (name, script, args) => {
  const began = Date.now();
  const { status } = spawnSync(node, [bin(script), ...args], { cwd: root, stdio: 'inherit', env });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (status === 0) passed++;
  else failed++;
};

if (only.length === 0) {
  check('types', 'typescript/bin/tsc', ['-p', '.']);
  check('lint', '@biomejs/biome/bin/biome', ['check', '.']);
  check('dead code', 'knip/bin/knip.js', ['--no-progress']);
}

const folder = mkdtempSync(join(tmpdir(), 'octroi-test-'));
const report = join(folder, 'report.json');
spawnSync(node, [bin('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only], {
  cwd: root,
  stdio: 'inherit',
  env,
});
try {
  const told = JSON.parse(readFileSync(report, 'utf8'));
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success, testResults } = told;
  passed += numPassedTests;
  failed += numFailedTests;
  skipped += numPendingTests + numTodoTests;
  // A file that fails before its first test counts too.
  failed += testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed')).length;
  if (!success && failed === 0) failed++;
  if (numPassedTests === 0) failed++;
  const missing = missingServers(told);
  for (const line of missingLines(missing, root)) console.log(line);
  if (process.env.SERVERS_REQUIRED === '1' && missing.size > 0) {
    console.log('FAIL tests over real servers were left out (SERVERS_REQUIRED=1)');
    failed++;
  }
} catch (error) {
  console.error(`The test run left no report: ${error.message}`);
  failed++;
}
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);
