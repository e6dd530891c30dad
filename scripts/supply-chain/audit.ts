import { execFile } from 'node:child_process';
import { z } from 'zod';
import type { Exceptions } from './files.ts';

/** Of each package that has or brings in a vulnerability; a text in `via` names the package that it comes from. */
const reportSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      via: z.array(
        z.union([
          z.string(),
          z.object({ title: z.string(), url: z.string(), severity: z.string(), range: z.string() }),
        ]),
      ),
    }),
  ),
});
/** What is read of the report of "npm audit --json". */
export type AuditReport = z.output<typeof reportSchema>;

/** What npm answers when it could not ask. */
const failureSchema = z.object({ message: z.string() });

/** Longer than an audit takes; nobody's work is to wait for a registry that does not answer. */
const LIMIT_MS = 10_000;
/** The severities that fail. */
const SEVERE = new Set(['high', 'critical']);

/** The report, or why there is none. */
export type AuditAnswer = { readonly report: AuditReport } | { readonly unavailable: string };

/** Asks the registry about what package-lock.json names ("npm audit"), with a limit. It never rejects. */
export async function askForAudit(projectFolder: string): Promise<AuditAnswer> {
  const args = ['audit', '--json', '--package-lock-only', '--fetch-retries=0', `--fetch-timeout=${LIMIT_MS}`];
  const output = await new Promise<string>((resolve) => {
    // It ends with 1 both when it finds something and when it could not ask: its words tell.
    const options = {
      cwd: projectFolder,
      timeout: LIMIT_MS,
      maxBuffer: 64 * 1_024 * 1_024,
      shell: process.platform === 'win32',
    };
    execFile('npm', args, options, (_error, stdout) => resolve(stdout));
  });
  return readAnswer(output);
}

/** @param output what "npm audit --json" prints. */
export function readAnswer(output: string): AuditAnswer {
  const json = parse(output);
  const report = reportSchema.safeParse(json);
  if (report.success) return { report: report.data };
  const failure = failureSchema.safeParse(json);
  return {
    unavailable: failure.success
      ? (failure.data.message.split('\n')[0] ?? '')
      : `no answer within ${LIMIT_MS / 1_000} s`,
  };
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

/** Severe vulnerabilities that no exception bears, and exceptions that nothing needs any more. */
export function auditProblems(
  { vulnerabilities }: AuditReport,
  exceptions: Exceptions['vulnerabilities'],
): string[] {
  const found = Object.entries(vulnerabilities).flatMap(([name, { via }]) =>
    via.flatMap((each) =>
      typeof each === 'string' ? [] : [{ name, ...each, id: each.url.split('/').at(-1) ?? '' }],
    ),
  );
  const severe = found.filter(({ severity }) => SEVERE.has(severity));
  const borne = new Set(exceptions.map(({ id }) => id));
  const needless = exceptions.filter(({ id }) => severe.every((each) => each.id !== id));
  return [
    ...severe
      .filter(({ id }) => !borne.has(id))
      .map(
        ({ name, range, title, severity, id, url }) =>
          `${name} ${range}: ${title} (${severity}, ${id}, ${url}). Mend it by "npm audit fix" or a newer version of what brings it; if it can not strike here, name it in vulnerabilities of exceptions.json, with the reason and a day.`,
      ),
    ...needless.map(
      ({ id }) => `${id} is not found any more: take it from vulnerabilities in exceptions.json.`,
    ),
  ];
}

/** An exception is for a time; this needs no registry. @param today `2026-11-28` */
export function expiredExceptions(exceptions: Exceptions['vulnerabilities'], today: string): string[] {
  return exceptions
    .filter(({ expires }) => expires < today)
    .map(
      ({ id, expires, reason }) =>
        `The exception for ${id} has expired on ${expires} ("${reason}"): mend it, or find out anew whether it can strike and give it another day.`,
    );
}
