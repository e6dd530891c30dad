import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { answer, OF_JSON_BODIES } from '../../openapi/answers.ts';
import { adminOperation } from '../openapi-parts.ts';
import { payloadsSchema } from './schema.ts';

const plain = { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJtb2RlIjoibGl2ZSJ9' }] };

/** Temporal's codec server, for the OpenAPI document. */
export const codecPaths: ZodOpenApiPathsObject = {
  '/api/admin/codec/decode': {
    post: adminOperation(
      {
        operationId: 'decodePayloads',
        summary: 'Decrypt payloads of workflows, as a codec server of Temporal',
        description: 'What is not encrypted is given back as it is. Also with a session and no CSRF token.',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: payloadsSchema, example: plain } },
        },
        responses: { 200: answer('What they hold', payloadsSchema, plain, { limited: false }) },
      },
      [...OF_JSON_BODIES, 'not_decryptable'],
    ),
  },
  '/api/admin/codec/encode': {
    post: adminOperation(
      {
        operationId: 'encodePayloads',
        summary: 'Encrypt payloads for workflows, as a codec server of Temporal',
        description: 'Without keys they are given back as they are. Also with a session and no CSRF token.',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: payloadsSchema, example: plain } },
        },
        responses: { 200: answer('Encrypted', payloadsSchema, plain, { limited: false }) },
      },
      OF_JSON_BODIES,
    ),
  },
};
