import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, test } from 'vitest';
import { PARTS, type Stack } from '../../stack/stack.ts';
import { onThrowAwayStack } from '../../stack/throw-away-stack.ts';

test('each part can be killed and started again on its data, and the service goes on', async () => {
  await onThrowAwayStack(
    async (stack) => {
      expect([...stack.parts.keys()].toSorted()).toEqual(PARTS.toSorted());
      await register(stack, 'before');
      for (const [name, part] of stack.parts) {
        const { pid } = part;
        await part.kill();
        await part.restart();
        expect(part.pid, name).not.toBe(pid);
      }
      await register(stack, 'after');
      expect(await statusOf(stack, 'before')).toBe(200);
    },
    { durability: 'off', programs: inject('programs') },
  );
});

test('a part can be killed while it starts, and starts the next time', async () => {
  await onThrowAwayStack(
    async (stack) => {
      for (const [name, part] of stack.parts) {
        await part.kill();
        const { pid } = part;
        const restart = part.restart();
        const outcome = restart.then(
          () => 'started',
          () => 'killed',
        );
        await sleep(20);
        await part.kill();
        expect(await outcome, name).toBe('killed');
        await part.restart();
        expect(part.pid, name).not.toBe(pid);
      }
      await register(stack, 'after');
    },
    { durability: 'off', programs: inject('programs') },
  );
});

test('a part that ends by itself fails the work, with its name', async () => {
  const work = async (stack: Stack) => {
    process.kill(stack.parts.get('api')?.pid ?? 0, 'SIGKILL');
    await sleep(60_000);
  };
  await expect(onThrowAwayStack(work, { durability: 'off', programs: inject('programs') })).rejects.toThrow(
    /^api has ended by itself/,
  );
});

const userAt = ({ file }: Stack, userId: string) => `${file.apiUrl}/api/users/${userId}`;
const authorization = ({ file }: Stack) => ({ authorization: `Bearer ${file.apiKey}` });

async function register(stack: Stack, userId: string): Promise<void> {
  const response = await fetch(userAt(stack, userId), {
    method: 'PUT',
    headers: { ...authorization(stack), 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'somebody@example.com', name: 'Somebody' }),
  });
  expect(response.status).toBe(200);
}

async function statusOf(stack: Stack, userId: string): Promise<number> {
  const response = await fetch(`${userAt(stack, userId)}/billing`, { headers: authorization(stack) });
  await response.arrayBuffer();
  return response.status;
}
