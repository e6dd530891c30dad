import path from 'node:path';
import { isOlder, OLDEST_TEMPORAL_SERVER } from '../domain/versions.ts';
import { messageOf } from './errors.ts';
import { findOnPath, isExecutable, outputOf } from './executables.ts';
import { goInstall } from './go-install.ts';
import { withLock } from './lock.ts';
import type { Environment } from './program.ts';
import { downloadWithSdk } from './sdk-downloader.ts';
import { type FindOptions, firstThatWorks } from './sources.ts';

// The newest CLI that can be go-installed: the go.mod of later ones has a replace directive, which Go refuses there.
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/**
 * The Temporal CLI, which holds the development server: the one on PATH, else one kept from before, else the SDK's
 * download, else built with Go. What was fetched or built is kept in `cacheDir` and found there the next time.
 *
 * @throws StackError `part_unavailable`, with what was tried and what to do
 */
export async function findTemporalBinary(options: FindOptions): Promise<string> {
  const { cacheDir, env, log } = options;
  const kept = path.join(cacheDir, 'bin', 'temporal');
  const fromKept = async (): Promise<string> => {
    if (!(await isExecutable(kept))) throw new Error('none yet');
    return verified(kept, env);
  };
  const onPath = async (): Promise<string> => {
    const file = await findOnPath('temporal', env);
    if (file === undefined) throw new Error('there is no "temporal" on PATH');
    return verified(file, env);
  };
  const download = async (): Promise<string> => {
    log('downloading the Temporal CLI');
    return verified(await downloadWithSdk('dev-server', kept, options), env);
  };
  const build = async (): Promise<string> => verified(await goInstall(GO_MODULE, kept, options), env);
  // Who had to wait for another process that was fetching it finds it done.
  const fetched = (find: () => Promise<string>) => (): Promise<string> =>
    withLock(`${kept}.lock`, 'fetching or building the Temporal CLI', log, () => fromKept().catch(find));

  return firstThatWorks(
    'The Temporal CLI',
    [
      { name: 'on PATH', find: onPath },
      { name: `kept in ${path.dirname(kept)}`, find: fromKept },
      { name: 'downloaded by the Temporal SDK', find: fetched(download) },
      { name: 'built with Go', find: fetched(build) },
    ],
    [
      'install the Temporal CLI and put it on PATH (https://docs.temporal.io/cli)',
      'set TEMPORAL_ADDRESS to a Temporal server that runs',
      'install Go (https://go.dev/doc/install), and it will be built',
    ],
  );
}

/** The path itself, if it is a Temporal CLI that runs on this machine and is new enough. */
async function verified(file: string, env: Environment): Promise<string> {
  const version = await outputOf(file, ['--version'], env).catch((error: unknown) => {
    throw new Error(`${file} does not run (${messageOf(error).split('\n')[0]})`);
  });
  const server = /Server (\d+\.\d+)/.exec(version)?.[1];
  if (server === undefined) throw new Error(`${file} is not the Temporal CLI ("${version.split('\n')[0]}")`);
  if (isOlder(server, OLDEST_TEMPORAL_SERVER)) {
    throw new Error(`${file} is too old (${version}); at least Server ${OLDEST_TEMPORAL_SERVER} is needed`);
  }
  return file;
}
