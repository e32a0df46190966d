#!/usr/bin/env node
/** Starts the command line on a Node that runs it. Everything else is in cli/. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNode, noNode, root } from './node24.mjs';

const node = findNode();
if (node === null || !existsSync(join(root, 'node_modules', 'commander'))) {
  console.error(node === null ? noNode : 'octroi is not installed yet: run "npm ci" here.');
  process.exit(1);
}
const settings = (file) => JSON.parse(readFileSync(join(root, 'bin', file), 'utf8'));
// What a gate makes dies within a group commit: a larger nursery, and a heap that grows before it is swept, only stay resident.
const heap = process.argv[2] === 'start' ? settings('gate-heap.json') : [];
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...heap, join(root, 'cli', 'octroi.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: {
    // Of glibc, which keeps what is freed; see cli/plant/process.ts.
    ...settings('allocators.json'),
    // What Node made of the TypeScript: half the time to start, and 25 MB less a process without the compiler.
    NODE_COMPILE_CACHE: join(root, '.cache', 'node'),
    ...process.env,
  },
});
// The child hears the terminal's signals itself; this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
