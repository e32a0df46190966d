/** The load generator in a process of its own, so that its work delays nobody who measures: `{ options }` starts it, `{ stop: true }` ends it, the result comes back. */
import { type LoadOptions, type LoadResult, runLoad } from '../simulators/load.ts';

export type ToLoad = { readonly options: LoadOptions } | { readonly stop: true };

const ending = new AbortController();

process.on('message', (message: ToLoad) => {
  if ('stop' in message) ending.abort();
  else
    void runLoad({ ...message.options, signal: ending.signal }).then((result: LoadResult) =>
      process.send?.(result, undefined, undefined, () => process.exit(0)),
    );
});
