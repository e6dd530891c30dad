import { type Check, check, type Finding, ok, problem, warning } from '../../api/health/check.ts';
import { HOST_HOOK_VARIABLES } from '../../config/mode-variables.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { Area, DoctorParts } from './parts.ts';

const ANSWERS_WITHIN_MS = 4_000;
/** After the request has given up, so that its words are heard. */
const DEADLINE_MS = ANSWERS_WITHIN_MS + 1_000;

/** Does the api live, and reach what it needs? */
export async function checkApi(parts: DoctorParts): Promise<Area> {
  return { name: 'Api', checks: await Promise.all([checkLives(parts), checkReady(parts)]) };
}

/** Is there somebody at the host product's address for messages, in each mode? */
export async function checkHostProduct(parts: DoctorParts): Promise<Area> {
  return { name: 'Host product', checks: await Promise.all(MODES.map((mode) => checkHostHook(parts, mode))) };
}

async function checkLives({ apiUrl }: DoctorParts): Promise<Check> {
  return await check({ id: 'api', mend: mendOf(apiUrl), deadlineMs: DEADLINE_MS }, async () => {
    const answer = await ask(`${apiUrl}/healthz`, 'GET');
    return answer.ok
      ? ok(`The api answers at ${apiUrl}.`)
      : problem(`${apiUrl}/healthz answers ${answer.status}.`, mendOf(apiUrl));
  });
}

async function checkReady({ apiUrl }: DoctorParts): Promise<Check> {
  return await check({ id: 'api_ready', mend: mendOf(apiUrl), deadlineMs: DEADLINE_MS }, async () => {
    const answer = await ask(`${apiUrl}/readyz`, 'GET');
    return answer.ok
      ? ok('The api reaches its database and Temporal.')
      : problem(
          `The api does not reach all it needs: ${await answer.text()}`,
          'See that DATABASE_URL and TEMPORAL_ADDRESS reach both from where the api runs.',
        );
  });
}

function mendOf(apiUrl: string): string {
  return `Start it ("npm start", or api/main.ts), or say where it is if not at ${apiUrl}: "npm run billing -- doctor --url https://…".`;
}

/** Asks whether somebody is there, and never sends a message. The path may be a secret, so only the origin is shown. */
async function checkHostHook({ config }: DoctorParts, mode: Mode): Promise<Check> {
  const variable = HOST_HOOK_VARIABLES[mode].url;
  const mend = `See that the host product runs, and that ${variable} is its address for messages.`;
  return await check({ id: 'host_hook', mode, mend, deadlineMs: DEADLINE_MS }, async () => {
    const hook = config.hostHooks[mode];
    if (hook === null)
      return ok(`Not configured: ${variable} is not set, so the host product is told nothing.`);
    const { origin } = new URL(hook.url);
    return hookFinding(origin, (await ask(hook.url, 'OPTIONS')).status, mend);
  });
}

/** What is made for POST refuses OPTIONS in many ways, which all say that somebody is there. */
export function hookFinding(origin: string, status: number, mend: string): Finding {
  return status >= 500
    ? warning(`The host product at ${origin} answers ${status}.`, mend)
    : ok(`The host product answers at ${origin}.`);
}

async function ask(url: string, method: 'GET' | 'OPTIONS'): Promise<Response> {
  try {
    return await fetch(url, { method, redirect: 'manual', signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
  } catch (error) {
    throw new Error(`${new URL(url).origin} does not answer (${reasonOf(error)}).`, { cause: error });
  }
}

/** `fetch` says only that it failed; what it met is the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.name === 'TimeoutError' ? `nothing within ${ANSWERS_WITHIN_MS / 1_000} s` : error.message;
}
