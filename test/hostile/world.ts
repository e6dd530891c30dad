import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { signAccountLink } from '../../api/account/link.ts';
import { hashPassword } from '../../api/admin/password.ts';
import { CARDS, type Customer, startCheckout, subscribedCustomer } from '../../chaos/world/customers.ts';
import { useGpu, usersWithCustomer, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { saveApiKey } from '../../db/api-keys.ts';
import { registerUser } from '../../db/users.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { onFreePort } from '../../stack/ports.ts';
import { assetUrl } from '../../web/assets.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase } from '../support/database.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { buy, newBuyer, statusIs } from '../workflows/purchases.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import type { Caller } from './cases.ts';
import { signatureOf } from './stripe-signature.ts';

/** What the api is told and must never tell anybody: each can be found again in any answer and any line of the log. */
export interface Secrets {
  readonly apiKeys: Readonly<Record<Mode, string>>;
  readonly webhooks: Readonly<Record<Mode, string>>;
  readonly links: Readonly<Record<Mode, string>>;
  readonly adminPassword: string;
  /** All of them, and those that no request needs. */
  readonly all: readonly string[];
}

/** A session of a page: what a browser holds. */
interface Session {
  readonly cookie: string;
  readonly csrfToken: string;
}
type SessionCaller = Extract<Caller, 'adminSession' | 'accountSession'>;

/** Who was made for these tests, so that they can be looked for where nobody's name belongs. */
export const PERSON = { email: 'hostile.person@example.net', name: 'Perdita Hostile' } as const;

/** The whole service with its workers, and one more api in a process of its own, which the requests go to. */
export interface HostileWorld {
  readonly api: ApiProcess;
  readonly service: BillingService;
  readonly secrets: Secrets;
  /** Customers of the months that are closed: the bills of two are held, one can't pay, one is unknown to Stripe. */
  readonly billed: { readonly held: readonly [string, string]; readonly pastDue: Customer };
  /** What `~word~` stands for; `undefined` for a word that nothing is known of. */
  meaningOf(word: string, caller: Caller): Promise<string | undefined>;
  sessionOf(caller: Caller): Session | null;
  /** Cookies, tokens and links that were handed out so far: as secret as what was given. */
  readonly issued: ReadonlySet<string>;
  /** Signs the caller in again: their session has ended. */
  renew(caller: Caller): Promise<void>;
  learn(word: string, meaning: string): void;
  stop(): Promise<void>;
}

/** Months with usage of the same customers: one is closed over the api, the other by the pages. */
export const MONTHS = {
  ofApi: parseBillingPeriod('2026-05'),
  ofPages: parseBillingPeriod('2026-06'),
} as const;

/** Starts all of it, with customers in it. @throws Error when a part does not start, after ending the others. */
export async function startHostileWorld(): Promise<HostileWorld> {
  const database = await createTestDatabase();
  const started: (() => Promise<void>)[] = [() => database.drop()];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const service = await startBilling({
      db: database.db,
      temporalAddress: inject('temporalAddress'),
      workflowBundle: workflowBundle(),
    });
    started.push(() => service.stop());
    await service.startWorker({ approval: 'required' });

    const secrets = makeSecrets(database.url);
    for (const mode of MODES)
      await saveApiKey(database.db, { mode, name: 'host', apiKey: secrets.apiKeys[mode] });
    const api = await onFreePort(
      async (port) => await startApiProcess(await environment(service, secrets, database.url), port),
    );
    started.push(() => api.stop());

    const words = await populate(service);
    const sessions = new Map<SessionCaller, Session>();
    const issued = new Set<string>();
    const renewals = new Map<SessionCaller, Promise<void>>();
    const link = () =>
      signAccountLink(secrets.links.test, {
        mode: 'test',
        userId: words.get('user') ?? '',
        linkId: randomUUID(),
      });
    const signIn = async (caller: SessionCaller): Promise<void> => {
      const opened =
        caller === 'adminSession'
          ? await openSession(`${api.url}/admin47392/sign-in`, `${api.url}/admin47392/customers`, {
              method: 'POST',
              body: new URLSearchParams({ password: secrets.adminPassword }),
            })
          : await openSession(`${api.url}/account?token=${await link()}`, `${api.url}/account`, {});
      sessions.set(caller, opened);
      for (const each of [opened.cookie.split('=')[1] ?? '', opened.csrfToken]) issued.add(each);
    };
    const renew = async (caller: Caller): Promise<void> => {
      if (!isOfSession(caller)) return;
      const underWay =
        renewals.get(caller) ?? again(() => signIn(caller)).finally(() => renewals.delete(caller));
      renewals.set(caller, underWay);
      await underWay;
    };
    await renew('adminSession');
    await renew('accountSession');

    const pastDue = await subscribedCustomer(service, { mode: 'test', card: CARDS.declinesCharges });
    const held = await usersWithCustomer(service, 2);
    const [first, second] = held.map(({ userId }) => userId);
    const stranger = await userWithoutCustomer(service);
    for (const month of Object.values(MONTHS))
      for (const each of [pastDue, ...held, stranger]) await useGpu(service, each, month, '1');

    return {
      api,
      service,
      secrets,
      billed: { held: [first ?? '', second ?? ''], pastDue },
      meaningOf: async (word, caller) => {
        if (word === 'link') {
          const token = await link();
          issued.add(token);
          return token;
        }
        if (word === 'now') return new Date().toISOString();
        if (word === 'password') return secrets.adminPassword;
        if (word === 'csrf')
          return (isOfSession(caller) ? sessions.get(caller)?.csrfToken : undefined) ?? 'none';
        return words.get(word);
      },
      issued,
      sessionOf: (caller) => (isOfSession(caller) ? (sessions.get(caller) ?? null) : null),
      renew,
      learn: (word, meaning) => words.set(word, meaning),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const isOfSession = (caller: Caller): caller is SessionCaller =>
  caller === 'adminSession' || caller === 'accountSession';

function makeSecrets(databaseUrl: string): Secrets {
  const secret = (what: string) => `hostile-secret-${what}-${randomUUID()}`;
  const both = (prefix: string) => ({
    live: `${prefix}${secret('live')}`,
    test: `${prefix}${secret('test')}`,
  });
  const apiKeys = both('db_');
  const webhooks = both('whsec_');
  const links = both('');
  const adminPassword = secret('password');
  const all = [
    ...[apiKeys, webhooks, links].flatMap((each) => Object.values(each)),
    adminPassword,
    'hostile-secret',
    databaseUrl,
    new URL(databaseUrl).password,
    '$argon2id$',
  ];
  return { apiKeys, webhooks, links, adminPassword, all };
}

async function environment(
  { temporal, simulatorUrl }: BillingService,
  { webhooks, links, adminPassword }: Secrets,
  databaseUrl: string,
): Promise<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.options.namespace,
    STRIPE_API_BASE: simulatorUrl,
    STRIPE_SECRET_KEY: `sk_live_hostile-secret-${randomUUID()}`,
    STRIPE_WEBHOOK_SECRET: webhooks.live,
    STRIPE_TEST_SECRET_KEY: `sk_test_hostile-secret-${randomUUID()}`,
    STRIPE_TEST_WEBHOOK_SECRET: webhooks.test,
    ADMIN_PASSWORD_HASH: await hashPassword(adminPassword),
    ADMIN_SESSION_SECRETS: `hostile-secret-${randomUUID()}`,
    ACCOUNT_SESSION_SECRETS: `hostile-secret-${randomUUID()}`,
    ACCOUNT_LINK_SECRETS: links.live,
    ACCOUNT_TEST_LINK_SECRETS: links.test,
    API_REQUESTS_PER_SECOND: '0',
    PAGE_REQUESTS_PER_MINUTE: '0',
    API_TRUSTED_PROXIES: 'loopback',
    LOG_LEVEL: 'debug',
  };
}

/** Makes what good requests are about. @returns what the words of a case stand for. */
async function populate(service: BillingService): Promise<Map<string, string>> {
  const { userId: user, stripeCustomerId: customer } = await subscribedCustomer(service);
  for (const mode of MODES) await registerUser(service.db, { mode, userId: user, ...PERSON });
  const stranger = `live-${randomUUID()}`;
  await registerUser(service.db, { mode: 'live', userId: stranger, ...PERSON });
  const purchase = await buy(service, 'success', { userId: user });
  await statusIs(service, purchase, 'succeeded');
  const checkout = await startCheckout(service, 'test', user);
  return new Map([
    ['user', user],
    ['customer', customer],
    ['buyer', await newBuyer(service, 'test')],
    ['stranger', stranger],
    ['purchase', purchase.id],
    ['checkout', checkout.id],
    ['asset', assetUrl('site.css').split('/').at(-1) ?? ''],
  ]);
}

/** On a busy machine a part may take longer than it is waited for. */
async function again(work: () => Promise<void>, tries = 6): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (tries === 1) throw error;
    await sleep(1_000);
    await again(work, tries - 1);
  }
}

/** Signs in at one page, and reads the token of the session at another. */
async function openSession(signInUrl: string, pageUrl: string, options: RequestInit): Promise<Session> {
  const signedIn = await fetch(signInUrl, { ...options, redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined)
    throw new Error(`${signInUrl.split('?')[0]} answered ${signedIn.status}: nobody was signed in`);
  const page = await (await fetch(pageUrl, { headers: { cookie } })).text();
  const csrfToken = /name="_csrf" value="([^"]+)"/.exec(page)?.[1];
  if (csrfToken === undefined) throw new Error(`${pageUrl} has no form`);
  return { cookie, csrfToken };
}

/** The headers with which a caller says who they are. */
export function credentialsOf(
  { secrets, sessionOf }: Pick<HostileWorld, 'secrets' | 'sessionOf'>,
  caller: Caller,
  { path, body }: { readonly path: string; readonly body: Buffer | null },
): Record<string, string> {
  const mode: Mode = path.startsWith('/api/webhooks/stripe-test') ? 'test' : 'live';
  const signed = (secret: string) => ({ 'stripe-signature': signatureOf(body ?? '', { secret }) });
  switch (caller) {
    case 'nobody':
      return {};
    case 'wrongKey':
      return { authorization: `Bearer db_test_${randomUUID()}` };
    case 'testKey':
      return { authorization: `Bearer ${secrets.apiKeys.test}` };
    case 'liveKey':
      return { authorization: `Bearer ${secrets.apiKeys.live}` };
    case 'wrongPassword':
      return { authorization: 'Bearer a guess of somebody' };
    case 'adminPassword':
      return { authorization: `Bearer ${secrets.adminPassword}` };
    case 'stripe':
      return signed(secrets.webhooks[mode]);
    case 'forger':
      return signed('whsec_forged');
    case 'adminSession':
    case 'accountSession': {
      const session = sessionOf(caller);
      return session === null ? {} : { cookie: session.cookie, 'x-csrf-token': session.csrfToken };
    }
  }
}
