import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { askUntil, meanwhile } from '../../stack/waiting.ts';

it('asks until the answer is as it should be', async () => {
  let answers = 0;
  const ask = () => Promise.resolve((answers += 1));
  expect(await askUntil(ask, (answer) => answer === 3, { patienceMs: 60_000, pauseMs: 1 })).toBe(3);
  expect(answers).toBe(3);
});

it('gives the last answer when patience is at its end', async () => {
  let answers = 0;
  const ask = () => Promise.resolve((answers += 1));
  const last = await askUntil(ask, () => false, { patienceMs: 20, pauseMs: 1 });
  expect(last).toBe(answers);
  expect(answers).toBeGreaterThan(1);
});

it('throws what a question throws', async () => {
  const ask = () => Promise.reject(new Error('nobody there'));
  await expect(askUntil(ask, () => true, { patienceMs: 60_000, pauseMs: 1 })).rejects.toThrow('nobody there');
});

it('looks while work goes on, and no longer', async () => {
  let goOn: (result: string) => void = () => undefined;
  const work = new Promise<string>((resolve) => {
    goOn = resolve;
  });
  let looks = 0;
  const look = () => {
    looks += 1;
    if (looks === 3) goOn('done');
    return Promise.resolve();
  };
  expect(await meanwhile(work, 1, look)).toBe('done');
  await sleep(20);
  expect(looks).toBe(3);
});

it('hands on the failure of the work that it looks at', async () => {
  const work = sleep(10).then(() => Promise.reject(new Error('it broke')));
  await expect(meanwhile(work, 1, () => Promise.resolve())).rejects.toThrow('it broke');
});
