/**
 * `npm run oracle:mutations`: can the oracle fail? In a copy of the sources one rule after the other is broken, and each time
 * the oracle must notice. ORACLE_RUNS says within how many histories (300), ORACLE_SEED with which ones (1).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { copySources, mutate } from '../../chaos/mutations/mutate.ts';
import { inheritedEnvironment } from '../../config/machine.ts';
import { MUTATIONS } from './mutation-list.ts';

/** A service that never comes to an end does not even run. */
const LIMIT_MS = 10 * 60_000;
const DEFAULT_RUNS = '300';
const DEFAULT_SEED = '1';

interface Verdict {
  readonly outcome: 'passed' | 'caught' | 'broken';
  /** Until the first history that is billed otherwise. */
  readonly histories: string;
  readonly seconds: number;
  readonly output: string;
}

/** The exit code. */
async function run(): Promise<number> {
  const copy = await mkdtemp(path.join(tmpdir(), 'durable-billing-mutations-'));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  try {
    await copySources(copy);
    return await tryAll(copy, interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 1;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function tryAll(copy: string, signal: AbortSignal): Promise<number> {
  const table = new Table({
    head: ['The service', 'Oracle', 'Histories', 'Seconds'],
    style: { head: [], border: [] },
  });
  let survived = 0;
  for (const mutation of [null, ...MUTATIONS]) {
    const breaks = mutation?.breaks ?? 'as it is';
    process.stdout.write(`${breaks} …\n`);
    const restore = mutation === null ? null : await mutate(copy, mutation);
    const { outcome, histories, seconds, output } = await consult(copy, signal);
    await restore?.();
    signal.throwIfAborted();
    table.push([breaks, outcome, histories, seconds.toFixed(1)]);
    if (outcome === (mutation === null ? 'passed' : 'caught')) continue;
    survived += 1;
    process.stdout.write(`${output}\n`);
    // If it objects to the service as it is, its objections to the others mean nothing.
    if (mutation === null) break;
  }
  process.stdout.write(`${table.toString()}\n`);
  return survived === 0 ? 0 : 1;
}

/** Asks the oracle about the copy as it stands. */
async function consult(copy: string, signal: AbortSignal): Promise<Verdict> {
  const env = inheritedEnvironment();
  const startedAt = Date.now();
  const vitest = path.join(copy, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'test/oracle/vitest.config.ts'], {
    cwd: copy,
    env: {
      ...env,
      NO_COLOR: '1',
      ORACLE_RUNS: env['ORACLE_RUNS'] || DEFAULT_RUNS,
      ORACLE_SEED: env['ORACLE_SEED'] || DEFAULT_SEED,
      ORACLE_PATH: '',
      ORACLE_SHRINK_SECONDS: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (): boolean => child.kill();
  signal.addEventListener('abort', end);
  const limit = setTimeout(end, LIMIT_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  signal.removeEventListener('abort', end);
  const after = /Found after (\d+) histories/.exec(output)?.[1];
  // A failure that names no history is no verdict: the copy does not even run.
  const outcome = code === 0 ? 'passed' : after === undefined ? 'broken' : 'caught';
  return { outcome, histories: after ?? '', seconds: (Date.now() - startedAt) / 1_000, output };
}

process.exitCode = await run();
