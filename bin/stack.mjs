/** `npm run stack`: installs what is missing, then runs the services of compose.yaml as plain processes. Runs on Node 20. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { install } from './install.mjs';
import { findNode, noNode, root } from './node24.mjs';

install();
const node = findNode();
if (node === null) {
  console.error(noNode);
  process.exit(1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, 'bin', 'stack', 'run.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
// The child hears the terminal's signals itself; this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
