import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadTemporalConfig } from '../../config/temporal.ts';

// A real Temporal, behind TLS as it is in Temporal's cloud and in clusters that are set up well.

let folder: string;
let authority: { readonly private: string; readonly cert: string };
let server: { readonly private: string; readonly cert: string };
let client: { readonly private: string; readonly cert: string };
const ends: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'temporal-tls-'));
  const of = (name: string) => [{ name: 'commonName', value: name }];
  authority = await generate(of('authority'), { extensions: [{ name: 'basicConstraints', cA: true }] });
  const ca = { key: authority.private, cert: authority.cert };
  server = await generate(of('localhost'), {
    ca,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  client = await generate(of('billing'), { ca, extensions: [{ name: 'basicConstraints', cA: false }] });
  const files = { 'ca.pem': authority.cert, 'client.pem': client.cert, 'client.key': client.private };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
});
afterAll(async () => {
  for (const end of ends) end();
  await rm(folder, { recursive: true });
});

const fileOf = (name: string) => path.join(folder, name);

/** Ends TLS in front of the tests' Temporal, and lets in only who has the client's certificate. */
async function startTlsProxy(): Promise<number> {
  const [host = '', port] = inject('temporalAddress').split(':');
  const proxy = createTlsServer(
    {
      key: server.private,
      cert: server.cert,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (socket) => {
      const upstream = connect(Number(port), host);
      socket.pipe(upstream).pipe(socket);
      for (const each of [socket, upstream]) each.on('error', () => each.destroy());
    },
  );
  proxy.on('tlsClientError', () => undefined);
  proxy.listen(0);
  await once(proxy, 'listening');
  ends.push(() => proxy.close());
  return (proxy.address() as AddressInfo).port;
}

/** What a Temporal that knows API keys is asked with. */
async function startKeyReader(): Promise<{ port: number; seen: Record<string, unknown>[] }> {
  const seen: Record<string, unknown>[] = [];
  const reader = createSecureServer({ key: server.private, cert: server.cert });
  reader.on('stream', (stream, headers) => {
    seen.push(headers);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' },
      { endStream: true },
    );
  });
  reader.listen(0);
  await once(reader, 'listening');
  ends.push(() => reader.close());
  return { port: (reader.address() as AddressInfo).port, seen };
}

function configOf(variables: Record<string, string>) {
  const config = loadTemporalConfig({ TEMPORAL_CONFIG_FILE: fileOf('none.toml'), ...variables });
  if (config === null) throw new Error('it names no address');
  return config;
}

describe('mutual TLS', () => {
  test.each(['a profile of the configuration file', 'the environment'])(
    'by %s: the api and the worker connect, and who has no certificate does not',
    async (where) => {
      const port = await startTlsProxy();
      const file = fileOf('temporal.toml');
      await writeFile(
        file,
        `[profile.production]
address = "localhost:${port}"
namespace = "default"
[profile.production.tls]
server_ca_cert_path = "${fileOf('ca.pem')}"
client_cert_path = "${fileOf('client.pem')}"
client_key_path = "${fileOf('client.key')}"
`,
      );
      const environment = {
        TEMPORAL_ADDRESS: `localhost:${port}`,
        TEMPORAL_NAMESPACE: 'default',
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: fileOf('ca.pem'),
        TEMPORAL_TLS_CLIENT_CERT_PATH: fileOf('client.pem'),
        TEMPORAL_TLS_CLIENT_KEY_PATH: fileOf('client.key'),
      };
      const { connectionOptions, namespace } = configOf(
        where === 'the environment'
          ? environment
          : { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'production' },
      );
      expect(namespace).toBe('default');
      const ofApi = await Connection.connect(connectionOptions);
      expect((await ofApi.workflowService.getSystemInfo({})).serverVersion).toMatch(/^\d/);
      await ofApi.close();
      const ofWorker = await NativeConnection.connect(connectionOptions);
      await ofWorker.close();

      const { connectionOptions: lacking } = configOf({
        ...environment,
        TEMPORAL_TLS_CLIENT_CERT_PATH: '',
        TEMPORAL_TLS_CLIENT_KEY_PATH: '',
      });
      await expect(Connection.connect({ ...lacking, connectTimeout: 3_000 })).rejects.toThrow(
        /Failed to connect/,
      );
    },
  );
});

test('an API key goes with each call, over TLS', async () => {
  const { port, seen } = await startKeyReader();
  const { connectionOptions } = configOf({
    TEMPORAL_ADDRESS: `localhost:${port}`,
    TEMPORAL_NAMESPACE: 'billing.a1b2c',
    TEMPORAL_API_KEY: 'key-of-temporal-cloud',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: fileOf('ca.pem'),
  });
  await expect(Connection.connect({ ...connectionOptions, connectTimeout: 5_000 })).rejects.toThrow(
    /Failed to connect/,
  );
  expect(seen.length).toBeGreaterThan(0);
  for (const headers of seen) expect(headers['authorization']).toBe('Bearer key-of-temporal-cloud');
});

test('without an address nothing is connected to', () => {
  expect(loadTemporalConfig({ TEMPORAL_CONFIG_FILE: fileOf('none.toml') })).toBeNull();
});
