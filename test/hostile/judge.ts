import { ERROR_STATUS } from '../../api/errors.ts';
import { OF_NO_ROUTE } from '../../api/openapi/answers.ts';
import { expectDocumented } from '../api/documented.ts';
import type { Answer } from '../api/harness.ts';
import type { HostileCase } from './cases.ts';
import type { RawAnswer } from './send.ts';
import { PERSON, type Secrets } from './world.ts';

/** Health is there to tell admins what a part says that can't be looked at. */
const HEALTH = /^GET \/(api\/admin|admin47392)\/health\b/;
const SYSTEM = 'what the system says';

/**
 * What no answer may hold, whoever asks: where the program lies and broke, what it asked the database, and what it was told in
 * confidence.
 */
const LEAKS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a stack trace', /\n\s+at .+:\d+:\d+|node:internal\//],
  [
    'a path of a file',
    /file:\/\/\/(?!etc\/passwd)|\/node_modules\/|\/tmp\/|\/root\/|\b(?:api|web|db)\/[\w/-]+\.tsx?\b/,
  ],
  [
    'what PostgreSQL says',
    /syntax error at or near|invalid byte sequence|violates .+ constraint|relation "\w+"|invalid input syntax/,
  ],
  ['SQL', /\b(select|insert into|update|delete from) "\w+"/i],
  [SYSTEM, /\bE(CONNREFUSED|CONNRESET|NOENT|ACCES|PIPE)\b|\bgRPC\b|\b(INVALID_ARGUMENT|DEADLINE_EXCEEDED)\b/],
];

/** What is wrong with an answer: nothing, or sentences. */
export function problemsWith(hostile: HostileCase, answer: RawAnswer, secrets: Secrets): string[] {
  return [
    ...statusProblems(answer),
    ...leaks(hostile, answer, secrets),
    ...shapeProblems(hostile, answer),
    ...headerProblems(answer),
  ];
}

/** Nothing was taken away from the service here, so that there is no reason for a 503 either. */
function statusProblems({ status }: RawAnswer): string[] {
  return status >= 500 ? [`it is a ${status}`] : [];
}

function leaks({ route }: HostileCase, { headers, text }: RawAnswer, secrets: Secrets): string[] {
  const whole = `${JSON.stringify(headers)}\n${text}`;
  return [
    ...LEAKS.flatMap(([what, pattern]) => {
      const [found] = pattern.exec(whole) ?? [];
      if (what === SYSTEM && HEALTH.test(route)) return [];
      return found === undefined ? [] : [`it holds ${what}: ${found.trim()}`];
    }),
    ...secrets.all
      .filter((secret) => whole.includes(secret))
      .map((secret) => `it holds the secret ${secret}`),
  ];
}

/** What these tests provoke: links that open nothing; and a machine so busy that a request has to be sent again (send.ts). */
const EXPECTED_WARNINGS =
  /link to the account page refused|(database|temporal|worker)_unavailable|"status":503/;

/** What a line of the log may not hold either; who asked from where, and for whom, is nobody's business but the database's. */
export function problemsWithLine(line: string, { all }: Secrets, issued: ReadonlySet<string>): string[] {
  const isLogged = line.startsWith('{"level":');
  return [
    ...(isLogged ? [] : ['it is no line of the log']),
    ...[...all, ...issued, PERSON.email, PERSON.name, 'v1=']
      .filter((each) => line.includes(each))
      .map((each) => `it holds ${each}`),
    ...(/^\{"level":[456]0/.test(line) && !EXPECTED_WARNINGS.test(line) ? ['something failed'] : []),
  ];
}

/** Answered before a route is looked for, and so not by the document of one. */
const BEFORE_ROUTES = new Set<number>(
  OF_NO_ROUTE.map((code) => ERROR_STATUS[code]).filter((status) => status > 405),
);

function shapeProblems(hostile: HostileCase, answer: RawAnswer): string[] {
  const { method } = hostile;
  const { status, headers, text } = answer;
  // Neither has a body; that there is one anyway, Node's client would not let through.
  if (method === 'HEAD' || status === 204 || status === 304) return [];
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/json')) {
    const body: unknown = JSON.parse(text);
    if (BEFORE_ROUTES.has(status)) return errorProblems(status, body);
    const problem = documentProblem(hostile, { status, headers: new Headers(flat(headers)), body });
    return [...(problem === null ? [] : [problem]), ...(status >= 400 ? errorProblems(status, body) : [])];
  }
  if (type.startsWith('text/html')) return pageProblems(answer);
  if (status >= 300 && status < 400) return [];
  if (status < 300 && /^(text\/(css|plain|javascript)|image\/|application\/javascript)/.test(type)) return [];
  // Only the whole page could show it: web/account/sign-in.tsx, web/admin/sign-in.tsx.
  if (status === 401 && headers['hx-redirect'] !== undefined) return [];
  if (status < 300 && headers['hx-redirect'] !== undefined && text === '') return [];
  return [`nothing says what its body is: "${type}" ${text.slice(0, 100)}`];
}

/** What the document says of it. An address that no route has is none of its business: `/docs/x`, or half a percent sign. */
function documentProblem({ method, path }: HostileCase, answer: Answer): string | null {
  try {
    expectDocumented(method, path.replace(/\/$/, ''), answer);
    return null;
  } catch (error) {
    const { message } = error as Error;
    return answer.status >= 400 && message.includes('is not in the document') ? null : message;
  }
}

/** Any error is of this form, foreseen by its route or not. */
function errorProblems(status: number, body: unknown): string[] {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  const code = error?.code;
  const isKnown = typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code);
  if (!isKnown) return [`it has no code of ours: ${JSON.stringify(body)}`];
  return ERROR_STATUS[code as keyof typeof ERROR_STATUS] === status && typeof error?.message === 'string'
    ? []
    : [`${code} does not go with ${status}`];
}

function pageProblems({ headers, text }: RawAnswer): string[] {
  return [
    ...(text.includes('<img src=x') || text.includes('<script>fuzz')
      ? ['it holds what was sent as if it were its own']
      : []),
    ...(headers['content-security-policy']?.includes("default-src 'none'") === true
      ? []
      : ['it has no Content-Security-Policy']),
  ];
}

function headerProblems({ headers }: RawAnswer): string[] {
  const location = headers['location'];
  const leads = [location, [headers['hx-redirect']].flat()[0]].filter((each) => each !== undefined);
  return [
    ...(headers['x-injected'] === undefined ? [] : ['a header was smuggled into it']),
    ...(headers['x-powered-by'] === undefined ? [] : ['it says what it is made with']),
    ...(headers['x-content-type-options'] === 'nosniff' ? [] : ['a browser may guess what it is']),
    ...leads.filter((each) => !/^(\/(?!\/)|\.\.\/docs$)/.test(each)).map((each) => `it leads to ${each}`),
  ];
}

function flat(headers: RawAnswer['headers']): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
}
