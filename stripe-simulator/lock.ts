/** One data file, one process: two simulators that append to the same journal would ruin it. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A data file that this process alone may write, as long as it is held. */
export interface FileLock {
  release(): Promise<void>;
}

/**
 * Holds the file for this process, until `release` or the process ends, however it ends: the lock is a local socket
 * that somebody listens on, so a killed process leaves none behind.
 * @throws if another simulator has it.
 */
export async function lockFile(path: string): Promise<FileLock> {
  const address = addressOf(path);
  const server = await listen(address).catch(async (error: unknown) => {
    if (!isTaken(error)) throw error;
    if (await answers(address)) {
      throw new Error(
        `${path} is in use by another simulator. Stop that one, or choose another --data file.`,
      );
    }
    // A socket that nobody listens on is what a killed process left.
    rmSync(address, { force: true });
    return listen(address);
  });
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/** Short, since a socket's path has at most about 100 characters; the same for every way to write the file's path. */
function addressOf(path: string): string {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const whole = join(realpathSync(folder), basename(path));
  const name = `stripe-simulator-${createHash('sha256').update(whole).digest('hex').slice(0, 20)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Whoever connects only asks whether somebody is there.
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => resolve(server));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
