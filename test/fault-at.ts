/** A process that is killed, or whose disk is full, in the middle of its work on files, at the call that a test names. What must hold afterwards is left to the tests. */

/**
 * The environment of a process in which calls of `node:fs/promises` go wrong: it sends itself SIGKILL before or after the
 * first, or each of them fails with ENOSPC.
 * @param call `create` is an `open` that creates the file
 * @param path what it creates, or the name that it gives
 * @param holding what the file that gets the name must hold
 */
export const faultAt = (fault: 'kill before' | 'kill after' | 'full', call: 'create' | 'rename', path: RegExp, holding = /(?:)/): Record<string, string> => {
  const [name, pathOf, isHeld] =
    call === 'create' ? ['open', "/^w/.test(args[1]) ? args[0] : ''", 'true'] : ['rename', 'args[1]', `${holding}.test(readFileSync(args[0], 'utf8'))`];
  const hook = `
    import { readFileSync } from 'node:fs';
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const real = fs.${name};
    fs.${name} = async (...args) => {
      const isMeant = ${path}.test(${pathOf}) && ${isHeld};
      if (isMeant && '${fault}' === 'full') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: '${name}' });
      if (isMeant && '${fault}' === 'kill before') process.kill(process.pid, 'SIGKILL');
      const done = await real(...args);
      if (isMeant) process.kill(process.pid, 'SIGKILL');
      return done;
    };
    syncBuiltinESMExports();`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
};
