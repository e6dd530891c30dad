/// <reference types="node" />
// @ts-check
// The guard of reaper.ts: a process of its own, in plain JavaScript so that it is small and starts at once. It does
// nothing while its parent lives. When the pipe from the parent breaks, by an orderly end or by SIGKILL, it stops
// the programs it was told of and deletes the folders. A pipe and not Node's own channel, because what is written to
// it before the guard has started, and that it was closed, is not lost.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {{kind: 'program', id: number, pid: number, signal: NodeJS.Signals, wholeGroup: boolean, graceMs: number}} ProgramEntry
 * @typedef {{kind: 'directory', id: number, path: string}} DirectoryEntry
 * @typedef {{kind: 'release', id: number}} ReleaseMessage
 * @typedef {{kind: 'end-programs'}} EndProgramsMessage
 */

/** @type {Map<number, ProgramEntry & {startedAt: string | undefined}>} */
const programs = new Map();
/** @type {Map<number, DirectoryEntry>} */
const directories = new Map();
/** @type {Promise<void>[]} */
const endings = [];
let endingPrograms = false;

// A terminal's Ctrl-C or hang-up must not end the one who cleans up afterwards.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  /** @type {ProgramEntry | DirectoryEntry | ReleaseMessage | EndProgramsMessage} */
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- written by reaper.ts
  const message = JSON.parse(line);
  if (message.kind === 'program') {
    programs.set(message.id, { ...message, startedAt: startTimeOf(message.pid) });
    if (endingPrograms) endAll();
  } else if (message.kind === 'directory') {
    directories.set(message.id, message);
  } else if (message.kind === 'end-programs') {
    endingPrograms = true;
    endAll();
  } else {
    programs.delete(message.id);
    directories.delete(message.id);
  }
}
endAll();
await Promise.all(endings);
for (const { path } of directories.values()) {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => undefined);
}

function endAll() {
  endings.push(...[...programs.values()].map(end));
  programs.clear();
}

/** @param {ProgramEntry & {startedAt: string | undefined}} program */
async function end({ pid, startedAt, signal, wholeGroup, graceMs }) {
  // A number that was given to another process since is not ours to signal.
  const alive = () => startedAt !== undefined && startTimeOf(pid) === startedAt;
  if (!alive()) return;
  send(wholeGroup ? -pid : pid, signal);
  const deadline = Date.now() + graceMs;
  while (alive() && Date.now() < deadline) await sleep(25);
  // Whatever it started in its group is not needed without it.
  if (wholeGroup || alive()) send(-pid, 'SIGKILL');
  for (let tries = 0; alive() && tries < 80; tries++) await sleep(25);
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/**
 * When a process was started, in the system's own words: with the pid, what tells it from any other process.
 * Undefined if it is gone, or a zombie that only waits for its parent to take notice.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
function startTimeOf(pid) {
  try {
    if (process.platform === 'linux') {
      // proc(5): the name, in parentheses, may hold anything; behind it come the state and, 19 fields on, the start.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    }
    const [state, ...startedAt] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    return state?.startsWith('Z') ? undefined : startedAt.join(' ');
  } catch {
    return undefined;
  }
}
