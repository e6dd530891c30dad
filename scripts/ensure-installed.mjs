/// <reference types="node" />
// @ts-check
// Run before `npm start`, `npm test` and the others: makes a clean clone ready by itself. Installs the dependencies
// if there are none, or others than package-lock.json names; otherwise it is done within a few milliseconds.
// Plain Node without dependencies, because there may be none yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const project = new URL('../', import.meta.url);
/** @param {string} name */
const at = (name) => fileURLToPath(new URL(name, project));
/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

const STAMP = at('node_modules/.durable-billing-lock');
const LOCK = at('.cache/install.lock');
const LOCK_OWNER = at('.cache/install.lock/pid');
const TOUCH_MS = 2_000;
const ABANDONED_AFTER_MS = 15_000;

refuseOldNode();
const wanted = createHash('sha256')
  .update(readFileSync(at('package-lock.json')))
  .digest('hex');
if (!isInstalled()) process.exitCode = await installInTurn();

function refuseOldNode() {
  const oldest = /^>=\s*([\d.]+)$/.exec(
    parse(readFileSync(at('package.json'), 'utf8')).engines?.node ?? '',
  )?.[1];
  if (oldest === undefined || !isOlder(process.versions.node, oldest)) return;
  say(
    `Node.js ${oldest} or newer is needed; this is ${process.versions.node}. Install a newer one and try again.`,
  );
  process.exit(1);
}

/** @param {string} version @param {string} than */
function isOlder(version, than) {
  const [a, b] = [version, than].map((it) => it.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function isInstalled() {
  if (read(STAMP) === wanted) return true;
  // Installed by hand, with npm itself: as good, if it is what the lock file says.
  if (!matchesLockFile()) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

/** Compares the lock file with the one npm writes into node_modules when an installation is complete. */
function matchesLockFile() {
  const installed = read(at('node_modules/.package-lock.json'));
  if (installed === undefined) return false;
  const present = parse(installed).packages ?? {};
  return Object.entries(parse(readFileSync(at('package-lock.json'), 'utf8')).packages ?? {}).every(
    ([name, entry]) => {
      const found = present[name];
      // The first entry is the project itself. Optional ones are left out where they are for another platform.
      if (name === '' || (found === undefined && entry.optional)) return true;
      return found?.version === entry.version && found?.integrity === entry.integrity;
    },
  );
}

/** One process installs, the others wait for it. */
async function installInTurn() {
  for (let waiting = false; !takeLock(); waiting = true) {
    if (isAbandoned()) releaseLock();
    else if (!waiting)
      say(`Waiting for another installation (process ${read(LOCK_OWNER) ?? 'just started'}) to finish.`);
    await sleep(waiting ? 300 : 50);
  }
  process.once('exit', releaseLock);
  return isInstalled() ? 0 : install();
}

/**
 * npm's own files, as far as they matter here.
 *
 * @typedef {Record<string, {version?: string, integrity?: string, optional?: boolean}>} Packages
 * @param {string} text
 * @returns {{engines?: {node?: string}, packages?: Packages}}
 */
function parse(text) {
  // oxlint-disable-next-line typescript/no-unsafe-return -- written by npm
  return JSON.parse(text);
}

function takeLock() {
  mkdirSync(at('.cache'), { recursive: true });
  try {
    mkdirSync(LOCK);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
  writeFileSync(LOCK_OWNER, String(process.pid));
  return true;
}

function releaseLock() {
  rmSync(LOCK, { recursive: true, force: true });
}

function isAbandoned() {
  const owner = Number(read(LOCK_OWNER));
  try {
    // After a restart the number may belong to a stranger: an owner that lives also touches the folder.
    if (Date.now() - statSync(LOCK).mtimeMs > ABANDONED_AFTER_MS) return true;
    // Between making the folder and writing the number there is a moment without an owner.
    if (owner) process.kill(owner, 0);
    return false;
  } catch (error) {
    return !hasCode(error, 'EPERM');
  }
}

/** @returns {Promise<number>} the exit code */
function install() {
  rmSync(STAMP, { force: true });
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say('Installing the dependencies (npm ci).');
  const progress = setInterval(() => say(`Installing the dependencies: ${seconds()} s.`), 10_000);
  const touching = setInterval(() => utimesSync(LOCK, new Date(), new Date()), TOUCH_MS);
  return new Promise((resolve) => {
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    const npm = spawn('npm', args, {
      cwd: at('.'),
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    /** @param {string} problem */
    const fail = (problem) => {
      say(`The dependencies could not be installed: ${problem}. Mend what npm reports above, and try again.`);
      resolve(1);
    };
    // A Ctrl-C reaches npm as well: wait for it to clean up.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
      process.on(signal, () => npm.kill(signal));
    npm.once('error', (error) => fail(`npm can't be run (${error.message})`));
    npm.once('exit', (code, signal) => {
      clearInterval(progress);
      clearInterval(touching);
      if (code !== 0) return fail(`npm ended with ${signal ?? `code ${code}`}`);
      writeFileSync(STAMP, wanted);
      say(`Installed the dependencies in ${seconds()} s.`);
      resolve(0);
    });
  });
}

/** @param {unknown} error @param {string} code */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
