import fc from 'fast-check';
import { ADMIN_PATH } from '../../web/admin/tabs.ts';
import { admittedAt, casesOf, type HostileCase } from './cases.ts';
import { endpointOf } from './endpoints.ts';
import { problemsWith } from './judge.ts';
import type { HostileOptions } from './options.ts';
import type { Route } from './routes.ts';
import { CONCURRENCY, type RawAnswer, send } from './send.ts';
import { liveThrough } from './story.ts';
import type { HostileWorld } from './world.ts';

/** What became of all requests. */
export interface FuzzReport {
  readonly sent: number;
  /** What was wrong, with the request, and how to send it again. */
  readonly failures: readonly string[];
  /** Routes that did what they are for, for somebody whom they let in. */
  readonly reached: ReadonlySet<string>;
  /** After a fifth of the requests, and in the end. */
  readonly heapBytes: readonly [warm: number, end: number];
}

/** Until everything is loaded, compiled and cached. */
const WARM_SHARE = 0.2;
const SHOWN_CHARACTERS = 4_000;

/** Lives through a story with all routes in it, and then sends random requests to them, many at a time. */
export async function fuzz(
  world: HostileWorld,
  routes: readonly Route[],
  { requests, seed, only }: HostileOptions,
): Promise<FuzzReport> {
  const failures: string[] = [];
  const reached = new Set<string>();
  let sent = 0;

  const sendAndJudge = async (hostile: HostileCase, again: string): Promise<RawAnswer | null> => {
    sent += 1;
    const fail = (problem: string, text = '') =>
      failures.push(
        [`${again}: ${problem}`, JSON.stringify(hostile), text]
          .map((each) => each.slice(0, SHOWN_CHARACTERS))
          .join('\n'),
      );
    try {
      const answer = await send(world, hostile);
      const problems = problemsWith(hostile, answer, world.secrets);
      if (problems.length > 0) fail(problems.join('; '), answer.text);
      if (hasReached(hostile, answer)) reached.add(hostile.route);
      if (mayHaveSignedOut(hostile, answer)) await world.renew(hostile.caller);
      return answer;
    } catch (error) {
      fail(String(error));
      return null;
    }
  };

  await liveThrough(world, async (good) => {
    const answer = await sendAndJudge(good, 'story.ts');
    if (answer === null) throw new Error(failures.at(-1));
    return answer;
  });

  const cases = fc.sample(casesOf(routes.map(endpointOf)), { seed, numRuns: requests });
  const queue = cases
    .map((hostile, at) => ({ hostile, at }))
    .filter(({ at }) => only === null || only === at);
  const sendAll = async (some: typeof queue) => {
    const waiting = some.values();
    const sendOneByOne = async () => {
      for (const { hostile, at } of waiting)
        await sendAndJudge(hostile, `HOSTILE_SEED=${seed} HOSTILE_REQUESTS=${requests} HOSTILE_CASE=${at}`);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, sendOneByOne));
    return await world.api.heapBytes();
  };
  const warm = await sendAll(queue.splice(0, requests * WARM_SHARE));
  const end = await sendAll(queue);
  return { sent, failures, reached, heapBytes: [warm, end] };
}

/** Whether the route has done what it is for. */
function hasReached({ route, caller }: HostileCase, { status, headers }: RawAnswer): boolean {
  const [method = '', path = ''] = route.split(' ');
  if (!admittedAt(path).includes(caller)) return false;
  // A form leads on to a page when it has done its work; only those of signing in and out lead to where one signs in.
  const isSigning = path.includes('/sign-');
  const leadsOn = status === 303 && (isSigning || (method === 'POST' && headers.location !== ADMIN_PATH));
  return (status >= 200 && status < 300) || leadsOn;
}

function mayHaveSignedOut({ method, path, query }: HostileCase, { status, headers }: RawAnswer): boolean {
  const { location } = headers;
  const isSentToSignIn = location === ADMIN_PATH || location?.startsWith(`${ADMIN_PATH}?`) === true;
  // Who signs in gets a session in place of the one they had.
  const isSigning = (method === 'POST' && path.includes('/sign-')) || query.includes('token');
  return status === 401 || isSentToSignIn || isSigning;
}
