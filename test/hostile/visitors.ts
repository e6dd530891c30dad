import { randomUUID } from 'node:crypto';
import { PERSON } from '../../chaos/world/customers.ts';
import { registerUser } from '../../db/users.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';
import type { TestApi } from '../api/harness.ts';
import { accountLink } from '../support/account.ts';
import { ADMIN_PASSWORD } from '../support/admin.ts';

type Api = Pick<TestApi, 'url' | 'db'>;

/** A request as a browser sends it, following no redirect, from an address as a proxy tells it. */
export async function open(
  { url }: Pick<TestApi, 'url'>,
  path: string,
  { cookie = '', address = '203.0.113.1', ...init }: { cookie?: string; address?: string } & RequestInit = {},
): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), cookie, 'x-forwarded-for': address };
  return await fetch(path.startsWith('http') ? path : `${url}${path}`, {
    redirect: 'manual',
    ...init,
    headers,
  });
}

/** Registers a user, who is nobody else's unless the id is given. */
export async function newUser(
  { db }: Api,
  mode: Mode = 'test',
  userId = `user-${randomUUID()}`,
): Promise<UserKey> {
  await registerUser(db, { mode, userId, ...PERSON });
  return { mode, userId };
}

/** Opens the page by a link. @returns the session's cookie. */
export async function signInAccount(api: Api, user: UserKey, address?: string): Promise<string> {
  const link = await accountLink(api.url, user);
  return cookieOf(await open(api, link, address === undefined ? {} : { address }));
}

/** @returns the session's cookie. */
export async function signInAdmin(api: Api): Promise<string> {
  const form = { method: 'POST', body: new URLSearchParams({ password: ADMIN_PASSWORD }) };
  return cookieOf(await open(api, '/admin47392/sign-in', form));
}

/** The token in a page's forms. */
export async function csrfTokenOf(api: Api, page: string, cookie: string): Promise<string> {
  const html = await (await open(api, page, { cookie })).text();
  return /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
}

function cookieOf(answer: Response): string {
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined) throw new Error(`nobody was signed in: ${answer.status}`);
  return cookie;
}
