/** Questions go before the work, for as long as the work had. */
import { expect, test, vi } from 'vitest';
import { questions } from '../../cli/plant/questions.ts';

const asking = () => {
  const { counted, yieldTo } = questions();
  const answers: (() => void)[] = [];
  const { ask } = counted({ ask: () => new Promise<void>((resolve) => answers.push(resolve)) });
  return { ask: ask as () => Promise<unknown>, yieldTo, answers };
};

test('work goes on at once where nothing is asked', async () => {
  const { yieldTo } = asking();
  await yieldTo(3_600_000);
});

test('it waits until all is answered', async () => {
  const { ask, yieldTo, answers } = asking();
  const both = [ask(), ask()];
  const seen: string[] = [];
  const yielded = yieldTo(3_600_000).then(() => seen.push('work'));
  answers[0]?.();
  await both[0];
  seen.push('one answered');
  answers[1]?.();
  await yielded;
  expect(seen).toEqual(['one answered', 'work']);
});

test('and not for ever', async () => {
  vi.useFakeTimers();
  try {
    const { ask, yieldTo } = asking();
    void ask();
    const yielded = yieldTo(500).then(() => 'work');
    await vi.advanceTimersByTimeAsync(499);
    expect(await Promise.race([yielded, 'asked'])).toBe('asked');
    await vi.advanceTimersByTimeAsync(1);
    expect(await yielded).toBe('work');
  } finally {
    vi.useRealTimers();
  }
});
