/** Builds the pages with Vite into the folder of its argument; run as a process by bundle.ts. */
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig } from 'vite';
import { fail } from '../../core/failure.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw fail('bad-request', 'build.ts needs a folder to build into');

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const common: InlineConfig = {
  root: here('.'),
  configFile: false,
  envDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
};

await build({
  ...common,
  build: {
    outDir: `${folder}/client`,
    emptyOutDir: false,
    manifest: true,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: { input: here('islands/app.ts') },
  },
});
await build({
  ...common,
  ssr: { noExternal: true },
  build: {
    outDir: `${folder}/server`,
    emptyOutDir: false,
    ssr: here('render.tsx'),
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'render.js' } },
  },
});
