/** The load generator in a process of its own, so that its work is not counted as the gate's. */
import { type LoadOptions, type LoadResult, runLoad } from '../simulators/load.ts';

/** What the parent hears: the figures without the journals, but for how many messages each device was promised. */
export type LoadReport = Omit<LoadResult, 'journal'> & { readonly cpuSeconds: number };

const work = async (options: LoadOptions): Promise<void> => {
  const before = process.cpuUsage();
  const { journal: _journal, ...figures } = await runLoad(options);
  const { user, system } = process.cpuUsage(before);
  const report: LoadReport = { ...figures, cpuSeconds: (user + system) / 1e6 };
  process.send?.(report, undefined, undefined, () => process.exit(0));
};

process.once('message', (options: LoadOptions) => void work(options));
