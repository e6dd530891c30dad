import { type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import cors from 'cors';
import type { Express, RequestHandler } from 'express';
import { encryptingCodec } from '../../../temporal/payload-codec.ts';
import { BODY_LIMITS, jsonBody } from '../../body.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { addRoute } from '../../route.ts';
import { parse } from '../../validation.ts';
import { type PayloadsJson, payloadsSchema } from './schema.ts';

/** Where Temporal's tools find `/decode` and `/encode`. */
const CODEC_PATH = '/api/admin/codec';

/**
 * Temporal's codec server, for who is signed in as the admin: with it Temporal's Web UI and command line show what is encrypted
 * (`TEMPORAL_CODEC_KEYS`). The browser asks from the Web UI's page with the cookie of our admin page, which it sends as long as both
 * are of one site, such as two ports of a machine, or two names under one domain. No page from elsewhere may read an answer.
 *
 * @param authenticated without protection against forgery: it changes nothing, and what it tells only the Web UI's pages can read.
 */
export function addCodecRoutes(
  app: Express,
  { payloadKeys = [], temporalUiUrl = null }: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  const [newest, ...older] = payloadKeys;
  const codec: PayloadCodec = newest === undefined ? asItIs : encryptingCodec([newest, ...older]);
  if (temporalUiUrl !== null) {
    const { origin } = new URL(temporalUiUrl);
    // The Web UI names its namespace in a header of its own, and sends no other than these.
    const allowedHeaders = ['Content-Type', 'X-Namespace', 'Authorization'];
    app.use(CODEC_PATH, cors({ origin, credentials: true, methods: ['POST'], allowedHeaders }));
  }
  for (const direction of ['decode', 'encode'] as const) {
    addRoute(app, `${CODEC_PATH}/${direction}`, {
      post: [
        ...authenticated,
        ...jsonBody({ limit: BODY_LIMITS.payloads }),
        async (request, response) => {
          const payloads = parse(payloadsSchema, request.body).payloads.map(fromJson);
          response.json({ payloads: (await coded(codec, direction, payloads)).map(toJson) });
        },
      ],
    });
  }
}

const asItIs: PayloadCodec = {
  encode: async (payloads) => payloads,
  decode: async (payloads) => payloads,
};

/** @throws HttpError `not_decryptable` */
async function coded(
  codec: PayloadCodec,
  direction: 'decode' | 'encode',
  payloads: Payload[],
): Promise<Payload[]> {
  try {
    return await codec[direction](payloads);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new HttpError('not_decryptable', error.message);
  }
}

type PayloadJson = PayloadsJson['payloads'][number];

function fromJson({ metadata = {}, data = '' }: PayloadJson): Payload {
  const entries = Object.entries(metadata).map(([name, value]): [string, Uint8Array] => [
    name,
    Buffer.from(value, 'base64'),
  ]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: Payload): PayloadJson {
  const entries = Object.entries(metadata ?? {}).map(([name, value]): [string, string] => [
    name,
    Buffer.from(value).toString('base64'),
  ]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('base64') };
}
