/** A process that kills itself in the middle of its work on files, at the call that a test names. What must hold afterwards is left to the tests. */

/**
 * The environment of a process that sends itself SIGKILL at a call of `node:fs/promises`.
 * @param call `create` is an `open` that creates the file
 * @param path what it creates, or the name that it gives
 * @param nth of the calls that match
 */
export const killAt = (when: 'before' | 'after', call: 'create' | 'rename', path: RegExp, nth = 1): Record<string, string> => {
  const [name, pathOf] = call === 'create' ? ['open', "/^w/.test(args[1]) ? args[0] : ''"] : ['rename', 'args[1]'];
  const hook = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const real = fs.${name};
    let left = ${nth};
    fs.${name} = async (...args) => {
      const isMeant = ${path}.test(${pathOf}) && --left === 0;
      if (isMeant && '${when}' === 'before') process.kill(process.pid, 'SIGKILL');
      const done = await real(...args);
      if (isMeant) process.kill(process.pid, 'SIGKILL');
      return done;
    };
    syncBuiltinESMExports();`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
};
