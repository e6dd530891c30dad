import { Client } from '@temporalio/client';
import colors from 'picocolors';
import { createStripeClient, type StripeClient } from '../activities/stripe-client.ts';
import { type Check, type CheckState, worstOf } from '../api/health/check.ts';
import { connectLazily } from '../api/temporal/connection.ts';
import { ConfigurationError } from '../config/environment.ts';
import { openDatabase } from '../db/database.ts';
import type { Mode } from '../domain/mode.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { say, table } from './console.ts';
import { type CliContext, openContext } from './context.ts';
import { examine } from './doctor/examine.ts';
import type { Area } from './doctor/parts.ts';

/** `json` is for programs: one object, in which each check has the `id` that a program goes by. */
export interface DoctorOptions {
  readonly json: boolean;
  /** Where the api is, without a path; on this machine unless given. */
  readonly url?: string;
}

/** Prints what works, what does not, and how to mend it. A problem ends with exit status 1; warnings alone with 0. */
export async function runDoctor({ json, url }: DoctorOptions): Promise<void> {
  const lookedAt = new Date().toISOString();
  const areas = await lookAtAll(url);
  const checks = areas.flatMap((area) => area.checks.map((check) => ({ area: area.name, ...check })));
  const counts = { problems: countOf(checks, 'problem'), warnings: countOf(checks, 'warning') };
  if (json) say(JSON.stringify({ state: worstOf(checks), lookedAt, ...counts, checks }, null, 2));
  else print(areas, counts);
  if (counts.problems > 0) process.exitCode = 1;
}

async function lookAtAll(url: string | undefined): Promise<Area[]> {
  try {
    return await examineContext(await openContext(), url);
  } catch (error) {
    if (error instanceof ConfigurationError) return [areaOf(error)];
    throw error;
  }
}

/** What is not configured as it must be can't be looked at: nothing would start on it. */
function areaOf({ problems }: ConfigurationError): Area {
  const checks = problems.map(
    (problem): Check => ({
      id: 'environment',
      mode: null,
      state: 'problem',
      finding: `${problem}.`,
      mend: 'Mend it in .env or in the environment, as .env.example says, and start api and workers again.',
    }),
  );
  return { name: 'Environment', checks };
}

async function examineContext(
  { config, isTemporalEmbedded }: CliContext,
  url: string | undefined,
): Promise<Area[]> {
  const { connectionOptions, namespace } = config.temporal;
  const db = openDatabase(config.databaseUrl, { maxConnections: 4 });
  const { connection, close } = connectLazily(connectionOptions);
  try {
    return await examine({
      config,
      db,
      temporal: new Client({ connection, namespace, dataConverter: dataConverterOf(config.payloadKeys) }),
      isTemporalEmbedded,
      stripe: { live: clientOf('live'), test: clientOf('test') },
      apiUrl: url ?? `http://127.0.0.1:${config.port}`,
      nodeVersion: process.versions.node,
    });
  } finally {
    await close();
    await db.destroy();
  }

  function clientOf<M extends Mode>(mode: M): StripeClient<M> | null {
    const settings = config.stripe.modes[mode];
    return settings === null
      ? null
      : createStripeClient({ mode, secretKey: settings.secretKey, apiBase: config.stripe.apiBase });
  }
}

function countOf(checks: readonly Check[], wanted: CheckState): number {
  return checks.filter(({ state }) => state === wanted).length;
}

const MARKS: Readonly<Record<CheckState, string>> = {
  ok: colors.green('ok'),
  warning: colors.yellow('warning'),
  problem: colors.red('problem'),
};

function print(areas: readonly Area[], { problems, warnings }: { problems: number; warnings: number }): void {
  for (const { name, checks } of areas) {
    const rows = checks.flatMap(({ id, state, finding, mend }) => [
      [id, MARKS[state], finding],
      ...(mend === null ? [] : [['', '', colors.dim(`→ ${mend}`)]]),
    ]);
    say(table([{ name }, { name: '' }, { name: '' }], rows));
    say();
  }
  say(`${inWords(problems, 'problem')}, ${inWords(warnings, 'warning')}`);
}

function inWords(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
