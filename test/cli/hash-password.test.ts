import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fitsHash } from '../../api/admin/password.ts';
import { loadServiceConfig } from '../../config/config.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

async function hashPassword(typed: string) {
  const program = spawn(process.execPath, ['--import', 'tsx', 'cli/billing.ts', 'hash-password'], {
    cwd: PROJECT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(program, 'close');
  const printed = Promise.all([text(program.stdout), text(program.stderr)]);
  program.stdin.end(typed);
  const [status] = (await ended) as [number];
  const [output, complaint] = await printed;
  return { status, output, complaint };
}

test('a password from standard input becomes a hash that the configuration takes, and that fits it alone', async () => {
  const { status, output } = await hashPassword('correct horse battery staple\n');
  expect(status).toBe(0);
  const hash = output.trim();
  expect(output).toBe(`${hash}\n`);
  const config = loadServiceConfig({
    DATABASE_URL: 'postgres://localhost/billing',
    TEMPORAL_ADDRESS: 'localhost:7233',
    ADMIN_PASSWORD_HASH: hash,
    ADMIN_SESSION_SECRETS: 'x'.repeat(32),
  });
  expect(config.admin?.passwordHashes).toEqual([hash]);
  expect(await fitsHash(hash, 'correct horse battery staple')).toBe(true);
  expect(await fitsHash(hash, 'correct horse battery staple ')).toBe(false);
});

test('one that is easily guessed is refused, and not said again', async () => {
  const { status, output, complaint } = await hashPassword('hunter2');
  expect({ status, output }).toEqual({ status: 1, output: '' });
  expect(complaint).toContain('A password has 12 to 256 characters; this one has 7.');
  expect(complaint).not.toContain('hunter2');
});
