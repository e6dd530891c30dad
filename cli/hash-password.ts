import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { hashPassword, PASSWORD_LENGTH } from '../api/admin/password.ts';
import { say } from './console.ts';
import { UsageError } from './context.ts';

/**
 * Prints the hash of a password and nothing else, for scripts. Never from an argument: those stand in the list of processes.
 *
 * @throws UsageError when it is too short or too long, or was typed differently the second time.
 */
export async function printPasswordHash(input: NodeJS.ReadStream): Promise<void> {
  const password = input.isTTY ? await typeTwice(input) : (await text(input)).replace(/\r?\n$/, '');
  const { min, max } = PASSWORD_LENGTH;
  if (password.length < min || password.length > max)
    throw new UsageError(`A password has ${min} to ${max} characters; this one has ${password.length}.`);
  say(await hashPassword(password));
}

async function typeTwice(input: NodeJS.ReadStream): Promise<string> {
  const password = await askUnseen(input, 'Password: ');
  if (password === (await askUnseen(input, 'Once more: '))) return password;
  throw new UsageError('The two are not the same: start again.');
}

async function askUnseen(input: NodeJS.ReadStream, question: string): Promise<string> {
  process.stderr.write(question);
  // What is typed is echoed to nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
