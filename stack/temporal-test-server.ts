import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from './errors.ts';
import { findOnPath, inScratchFolder, isExecutable, outputOf } from './executables.ts';
import { withLock } from './lock.ts';
import { describeExit, type Environment, startProgram } from './program.ts';
import { downloadWithSdk } from './sdk-downloader.ts';
import { type FindOptions, firstThatWorks } from './sources.ts';

const VERSION = '1.38.0';

/**
 * Temporal's time-skipping test server: the one kept from before, else the SDK's download, else its Java archives
 * fetched with Maven and run by Java.
 *
 * @returns a path for `TestWorkflowEnvironment.createTimeSkipping({server: {executable: {type: 'existing-path', path}}})`
 * @throws StackError `part_unavailable`, with what was tried and what to do
 */
export async function prepareTimeSkippingServer(options: FindOptions): Promise<string> {
  const { cacheDir, env, log } = options;
  const downloaded = path.join(cacheDir, 'bin', 'temporal-test-server');
  const assembled = path.join(cacheDir, `temporal-test-server-${VERSION}`);
  const script = path.join(assembled, 'run');

  const kept = async (): Promise<string> => {
    if (await isExecutable(downloaded)) return verified(downloaded, env);
    if (!(await isExecutable(script))) throw new Error('none yet');
    await assertJava(env);
    return script;
  };
  const download = async (): Promise<string> => {
    log('downloading the time-skipping test server');
    return verified(await downloadWithSdk('time-skipping', downloaded, options), env);
  };
  const assemble = async (): Promise<string> => {
    await assertJava(env);
    await assembleWithMaven(assembled, options);
    return script;
  };
  const fetched = (find: () => Promise<string>) => (): Promise<string> =>
    withLock(`${assembled}.lock`, 'fetching the time-skipping test server', log, () => kept().catch(find));

  return firstThatWorks(
    "Temporal's time-skipping test server",
    [
      { name: `kept in ${cacheDir}`, find: kept },
      { name: 'downloaded by the Temporal SDK', find: fetched(download) },
      { name: 'fetched with Maven', find: fetched(assemble) },
    ],
    [
      'connect to the internet once: it is downloaded and kept',
      'install Maven and Java (11 or newer), and reach a Maven repository',
    ],
  );
}

async function verified(file: string, env: Environment): Promise<string> {
  await outputOf(file, ['--help'], env).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    // It has no option that does nothing: complaining about its arguments shows that it runs.
    if (typeof error.code !== 'number')
      throw new Error(`${file} does not run (${messageOf(error).split('\n')[0]})`);
  });
  return file;
}

async function assertJava(env: Environment): Promise<void> {
  const java = await findOnPath('java', env);
  if (java === undefined) throw new Error('there is no "java" on PATH');
  await outputOf(java, ['-version'], env).catch((error: unknown) => {
    throw new Error(`"java -version" failed (${messageOf(error).split('\n')[0]})`);
  });
}

/** Copies the server's archives and a script that runs them to a folder; all of it or nothing. */
async function assembleWithMaven(target: string, { env, log, reaper }: FindOptions): Promise<void> {
  const mvn = await findOnPath('mvn', env);
  if (mvn === undefined) throw new Error('there is no "mvn" on PATH');
  log(`fetching the time-skipping test server ${VERSION} with Maven`);
  await inScratchFolder(path.dirname(target), reaper, async (scratch) => {
    const result = path.join(scratch, 'result');
    await mkdir(result);
    await writeFile(path.join(scratch, 'pom.xml'), POM);
    const maven = await startProgram({
      name: 'Maven',
      command: mvn,
      args: [
        '--batch-mode',
        '--no-transfer-progress',
        'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${path.join(result, 'lib')}`,
      ],
      env,
      cwd: scratch,
      wholeGroup: true,
      graceMs: 2_000,
      log: () => undefined,
      reaper,
    });
    const exit = await maven.exited;
    if (exit.code !== 0) {
      const reason = maven
        .lastLines()
        .split('\n')
        .find((line) => line.startsWith('[ERROR]'));
      throw new Error(`Maven ended with ${describeExit(exit)}: ${reason ?? maven.lastLines()}`);
    }
    await writeFile(path.join(result, 'run'), RUN, { mode: 0o755 });
    await rename(result, target);
  });
}

// slf4j-nop: without a logger, the server complains on every start that it has none.
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>durable-billing</groupId>
  <artifactId>temporal-test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

// The SDK gives it five seconds to start: the JVM flags halve what it takes. The watcher ends it when the process that
// started it is gone, which a test run that was killed could not do.
const RUN = `#!/bin/sh
folder=$(dirname "$0")
starter=$PPID
server=$$
(
  while kill -0 "$server" && kill -0 "$starter"; do sleep 1; done
  kill -9 "$server"
) </dev/null >/dev/null 2>&1 &
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "$folder/lib/*" \\
  io.temporal.testserver.TestServer "$@"
`;
