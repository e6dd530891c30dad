import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { whileAwaited } from '../../api/client-gone.ts';

test('what takes long ends when the client goes away, and that is no error', async () => {
  const work = new EventEmitter();
  const begun = once(work, 'begun');
  const ended = once(work, 'ended');
  const server = createServer((_request, response) => {
    void whileAwaited(response, async (gone) => {
      work.emit('begun');
      await once(gone, 'abort');
      gone.throwIfAborted();
    }).then(
      () => work.emit('ended', 'quietly'),
      (error: unknown) => work.emit('ended', error),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const leaving = new AbortController();
  const answer = fetch(`http://127.0.0.1:${port}`, { signal: leaving.signal });
  await begun;
  leaving.abort();
  await expect(answer).rejects.toThrow(/aborted/);
  expect(await ended).toEqual(['quietly']);
  server.close();
});
