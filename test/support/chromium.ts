import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import lockFile from '../../package-lock.json' with { type: 'json' };

/** Starts a browser: on Linux the one that comes with npm, elsewhere the Chrome that is installed. */
export async function startBrowser(): Promise<Browser> {
  if (process.platform !== 'linux') return await chromium.launch({ channel: 'chrome' });
  const folder = await unpackedChromium();
  // Not the package's own arguments: they turn web security off, which is on trial here.
  return await chromium.launch({
    executablePath: path.join(folder, 'chromium'),
    // As root there is no sandbox to be had, and without a display no graphics.
    args: ['--no-sandbox', '--disable-gpu'],
    env: { ...inheritedEnvironment(), LD_LIBRARY_PATH: path.join(folder, 'lib') },
  });
}

/** Once for all clones. The package itself unpacks in place, where a second test file would start what the first still writes. */
async function unpackedChromium(): Promise<string> {
  const { version } = lockFile.packages['node_modules/@sparticuz/chromium'];
  const folder = path.join(cacheDirectory(), `chromium-${version}`);
  if (await exists(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await unpack('chromium.br', path.join(unfinished, 'chromium'));
  await chmod(path.join(unfinished, 'chromium'), 0o755);
  // Libraries that a server without a desktop lacks.
  const libraries = path.join(unfinished, 'lib.tar');
  await unpack('al2023.tar.br', libraries);
  await promisify(execFile)('tar', ['xf', libraries, '-C', unfinished]);
  await rm(libraries);
  try {
    await rename(unfinished, folder);
  } catch (error) {
    // Another test file was faster.
    await rm(unfinished, { recursive: true });
    if (!(await exists(folder))) throw error;
  }
  return folder;
}

async function unpack(name: string, target: string): Promise<void> {
  const source = new URL(`../../bin/${name}`, import.meta.resolve('@sparticuz/chromium'));
  const file = await open(target, 'w');
  await pipeline(createReadStream(fileURLToPath(source)), createBrotliDecompress(), file.createWriteStream());
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
