import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../process/free-port.ts';
import { type LoadBalancer, startLoadBalancer } from '../../production/load-balancer.ts';

// The production drill's proof that no request is lost is worth as much as this: it must lose none itself, and hide none that are lost.

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Upstream {
  readonly port: number;
  isReady: boolean;
  status: number;
  stop(): Promise<void>;
}

async function startUpstream(name: string): Promise<Upstream> {
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      response.statusCode = request.url === '/readyz' && !upstream.isReady ? 503 : upstream.status;
      response.setHeader('x-upstream', name);
      response.end(`${request.method} ${request.url} ${body}`);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: Upstream = {
    port: (server.address() as AddressInfo).port,
    isReady: true,
    status: 200,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  ends.push(() => upstream.stop());
  return upstream;
}

async function balance(...upstreams: readonly Upstream[]): Promise<LoadBalancer> {
  const balancer = await startLoadBalancer(
    upstreams.map(({ port }) => port),
    await freePort(),
  );
  ends.push(() => balancer.stop());
  return balancer;
}

const ask = async ({ url }: LoadBalancer, body?: string) => {
  const response = await fetch(`${url}/some/where?a=1`, body === undefined ? {} : { method: 'POST', body });
  return { status: response.status, by: response.headers.get('x-upstream'), text: await response.text() };
};

test('requests go to each in turn, as they are', async () => {
  const balancer = await balance(await startUpstream('one'), await startUpstream('two'));
  const answers = [await ask(balancer, 'x'), await ask(balancer, 'x'), await ask(balancer)];
  expect(new Set(answers.map(({ by }) => by))).toEqual(new Set(['one', 'two']));
  expect(answers[0]?.text).toBe('POST /some/where?a=1 x');
  expect(answers[2]?.text).toBe('GET /some/where?a=1 ');
  expect([...balancer.answered.values()].reduce((sum, each) => sum + each, 0)).toBe(3);
});

test('one that is not ready gets no more, and gets some again when it is', async () => {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')];
  const balancer = await balance(one, two);
  one.isReady = false;
  await expect.poll(async () => [(await ask(balancer)).by, (await ask(balancer)).by]).toEqual(['two', 'two']);
  one.isReady = true;
  await expect.poll(async () => (await ask(balancer)).by, { timeout: 10_000 }).toBe('one');
});

test('one that refuses the connection has read nothing: another one answers', async () => {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')];
  const balancer = await balance(one, two);
  await one.stop();
  for (let count = 0; count < 4; count += 1)
    expect(await ask(balancer, 'once')).toMatchObject({
      status: 200,
      by: 'two',
      text: 'POST /some/where?a=1 once',
    });
});

test('an error is passed on, and tried nowhere else; where nobody answers it is a 502', async () => {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')];
  const balancer = await balance(one, two);
  [one.status, two.status] = [503, 503];
  expect((await ask(balancer)).status).toBe(503);
  await Promise.all([one.stop(), two.stop()]);
  expect((await ask(balancer)).status).toBe(502);
});

test('where none is ready, all are asked: most requests do without what they all lack', async () => {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')];
  const balancer = await balance(one, two);
  one.isReady = false;
  await expect.poll(async () => [(await ask(balancer)).by, (await ask(balancer)).by]).toEqual(['two', 'two']);
  two.isReady = false;
  await expect.poll(async () => (await ask(balancer)).by, { timeout: 10_000 }).toBe('one');
  expect([(await ask(balancer)).status, (await ask(balancer)).status]).toEqual([200, 200]);
});
