import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { eventuallyGone, failureOf, fakeProgram, killAfterFirstLine, temporaryFolder } from './helpers.ts';
import { noDownload } from './no-download.ts';

const CLI = 'console.log("temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)")';
/** A `go` that notes that it ran, leaves what it builds in $GOBIN, and then goes on for a while. */
const goThatTakes = (ms: number): string => `
  const { appendFileSync, writeFileSync } = require('node:fs');
  writeFileSync(process.env.GOBIN + '/temporal', ${JSON.stringify(`#!${process.execPath}\n${CLI}\n`)}, { mode: 0o755 });
  appendFileSync(__dirname + '/builds', process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n');
  setTimeout(() => undefined, ${ms});`;

let bin: string;
let cacheDir: string;
let lines: string[];

beforeEach(async () => {
  const folder = await temporaryFolder();
  [bin, cacheDir, lines] = [path.join(folder, 'bin'), path.join(folder, 'cache'), []];
  await mkdir(bin);
});

const find = (): Promise<string> =>
  findTemporalBinary({ cacheDir, env: { ...noDownload, PATH: bin }, log: (line) => lines.push(line) });

const builds = async (): Promise<string[]> =>
  (await readFile(path.join(bin, 'builds'), 'utf8')).trim().split('\n');

describe('the Temporal CLI', () => {
  test('on PATH comes first', async () => {
    await mkdir(path.join(cacheDir, 'bin'), { recursive: true });
    await fakeProgram(path.join(cacheDir, 'bin'), 'temporal', CLI);
    await fakeProgram(bin, 'temporal', CLI);
    expect(await find()).toBe(path.join(bin, 'temporal'));
  });

  test('kept from before comes second, also where the one on PATH is broken or too old', async () => {
    const kept = path.join(cacheDir, 'bin', 'temporal');
    await mkdir(path.dirname(kept), { recursive: true });
    await fakeProgram(path.dirname(kept), 'temporal', CLI);
    expect(await find()).toBe(kept);
    await fakeProgram(bin, 'temporal', 'process.exit(1)');
    expect(await find()).toBe(kept);
    await fakeProgram(bin, 'temporal', 'console.log("temporal version 1.1.0 (Server 1.25.0, UI 2.30.3)")');
    expect(await find()).toBe(kept);
  });

  test('is built with Go when it can be neither found nor downloaded, once for two who ask, and kept', async () => {
    await fakeProgram(bin, 'go', goThatTakes(500));
    const kept = path.join(cacheDir, 'bin', 'temporal');
    expect(await Promise.all([find(), find()])).toEqual([kept, kept]);
    expect(await find()).toBe(kept);
    expect(await builds()).toEqual([expect.stringMatching(/^\d+ install .*cmd\/temporal@v1\.5\.1$/)]);
    expect(await readdir(path.dirname(kept))).toEqual(['temporal']);
    expect(lines).toContainEqual(expect.stringContaining('takes a few minutes'));
  });

  test('whose build was interrupted is not taken for one, and the build does not go on', async () => {
    await fakeProgram(bin, 'go', goThatTakes(60_000));
    await killAfterFirstLine('find-binary.ts', [bin, cacheDir]);
    const [build = ''] = await builds();
    await eventuallyGone(Number.parseInt(build, 10));

    await fakeProgram(bin, 'go', 'console.error("no space left on device"); process.exit(1)');
    await expect(find()).rejects.toThrow('no space left on device');
    await sleep(100);
    expect(await readdir(path.join(cacheDir, 'bin'))).toEqual([]);
  });

  test("is built although another process was killed while it built, and its number is a stranger's", async () => {
    await fakeProgram(bin, 'go', goThatTakes(0));
    const lock = path.join(cacheDir, 'bin', 'temporal.lock');
    await mkdir(path.dirname(lock), { recursive: true });
    await writeFile(lock, String(process.pid));
    const aMinuteAgo = new Date(Date.now() - 60_000);
    await utimes(lock, aMinuteAgo, aMinuteAgo);
    expect(await find()).toBe(path.join(cacheDir, 'bin', 'temporal'));
  });

  test('that can be had in no way is one message: what was tried, why it failed, and what to do', async () => {
    await fakeProgram(bin, 'temporal', 'process.exit(1)');
    const { code, message } = await failureOf(find());
    expect(code).toBe('part_unavailable');
    expect(message).toMatch(
      /on PATH: .*does not run.*kept in .*: none yet.*downloaded by the Temporal SDK: .*failed.*built with Go: there is no "go" on PATH/s,
    );
    expect(message).toMatch(/What to do.*install the Temporal CLI.*TEMPORAL_ADDRESS.*install Go/s);
  });
});
