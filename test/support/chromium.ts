import { createReadStream } from 'node:fs';
import { access, mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { cacheDirectory } from '../../config/machine.ts';
import lockFile from '../../package-lock.json' with { type: 'json' };

/** Starts a browser: on Linux the one that comes with npm, elsewhere the Chrome that is installed. */
export async function startBrowser(): Promise<Browser> {
  if (process.platform !== 'linux') return await chromium.launch({ channel: 'chrome' });
  // Not the package's own arguments: they turn web security off, which is on trial here.
  return await chromium.launch({
    executablePath: await unpackedChromium(),
    // As root there is no sandbox to be had, and without a display no graphics.
    args: ['--no-sandbox', '--disable-gpu'],
  });
}

/** Its package unpacks to one place for all, and a second test file would start what the first still writes. */
async function unpackedChromium(): Promise<string> {
  const { version } = lockFile.packages['node_modules/@sparticuz/chromium'];
  const program = path.join(cacheDirectory(), `chromium-${version}`);
  try {
    await access(program);
    return program;
  } catch {
    await mkdir(path.dirname(program), { recursive: true });
  }
  const source = fileURLToPath(new URL('../../bin/chromium.br', import.meta.resolve('@sparticuz/chromium')));
  const unfinished = `${program}.${process.pid}`;
  const file = await open(unfinished, 'w', 0o755);
  await pipeline(createReadStream(source), createBrotliDecompress(), file.createWriteStream());
  await rename(unfinished, program);
  return program;
}
