import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const get = (path: string) => fetch(new URL(path, api.url), { redirect: 'manual' });

test('the page of the api loads everything from here, by relative addresses, and nothing of it is inline', async () => {
  const response = await get('/docs');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe|https?:/);
  const html = await response.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/);
  const addresses = [...html.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
  expect(addresses).toHaveLength(5);
  for (const address of addresses) {
    expect(address).toMatch(/^docs\//);
    const file = await get(`/${address}`);
    expect(file.status, address).toBe(200);
    expect(file.headers.get('cache-control')).toBe('public, max-age=3600');
    expect((await file.text()).length).toBeGreaterThan(0);
  }
});

test('the page without its last slash, so that relative addresses hold', async () => {
  const response = await get('/docs/');
  expect(response.status).toBe(302);
  expect(new URL(response.headers.get('location') ?? '', `${api.url}/docs/`).pathname).toBe('/docs');
});

test('a file that is not there is a 404 in JSON', async () => {
  for (const path of ['/docs/nowhere.js', '/docs/..%2f..%2fpackage.json', '/docs/%2e%2e/routes.ts']) {
    const response = await get(path);
    expect(response.status, path).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
  }
});
