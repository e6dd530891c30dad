import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { h } from 'preact';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { versionOf } from '../../web/changes.ts';
import { createShell } from '../../web/shell.tsx';

let server: Server;
let url: string;
/** What the part shows. */
let shown = { credits: 25, steps: ['paid'] };

beforeAll(async () => {
  const shell = createShell({ isSignedIn: () => false, layout: (_head, _flash, body) => body });
  const app = express();
  app.set('query parser', 'simple');
  app.get('/part', (request, response) => {
    shell.partIfChanged(request, response, versionOf(shown), h('p', null, `${shown.credits} credits`));
  });
  server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/part`;
});
afterAll(() => {
  server.close();
});

const ask = async (since: string) => {
  const answer = await fetch(`${url}?since=${since}`);
  return { status: answer.status, html: await answer.text() };
};

test('a part is sent when it is another than the one that asks, and only then', async () => {
  expect(await ask('')).toEqual({ status: 200, html: '<p>25 credits</p>' });
  const version = versionOf(shown);
  shown = { ...shown };
  expect(await ask(version)).toEqual({ status: 204, html: '' });
  shown = { ...shown, credits: 26 };
  expect(await ask(version)).toEqual({ status: 200, html: '<p>26 credits</p>' });
});
