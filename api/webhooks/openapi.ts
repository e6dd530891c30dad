import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import type { Mode } from '../../domain/mode.ts';
import { WEBHOOK_PATHS } from '../../domain/stripe-event.ts';
import { answer, errors } from '../openapi/answers.ts';
import { stripeEventSchema, webhookAnswerSchema } from './event-schema.ts';

/** The endpoints Stripe delivers to, for the OpenAPI document. */
export const webhookPaths: ZodOpenApiPathsObject = {
  [WEBHOOK_PATHS.live]: { post: endpoint('live') },
  [WEBHOOK_PATHS.test]: { post: endpoint('test') },
};

function endpoint(mode: Mode): ZodOpenApiOperationObject {
  return {
    operationId: mode === 'live' ? 'receiveStripeEvent' : 'receiveStripeTestEvent',
    summary: `Take an event of Stripe's ${mode} mode`,
    description:
      'For Stripe only: the signature takes the place of an API key. A 2xx means that the event is stored; after anything else Stripe sends it again.',
    tags: ['Webhooks'],
    security: [],
    requestParams: {
      header: z.strictObject({
        'Stripe-Signature': z.string().meta({
          description: 'https://docs.stripe.com/webhooks/signature',
          param: {
            example: 't=1793750400,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
          },
        }),
      }),
    },
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: stripeEventSchema,
          example: {
            id: 'evt_1PgafmB7WZ01zgkW',
            object: 'event',
            type: 'invoice.paid',
            created: 1_793_750_400,
            livemode: mode === 'live',
            data: {
              object: { id: 'in_1PgafmB7WZ01zgkW', object: 'invoice', customer: 'cus_QXg1o8vlGmxVq4' },
            },
          },
        },
      },
    },
    responses: {
      200: answer(
        'It is stored, or of no interest here',
        webhookAnswerSchema,
        { received: true },
        { limited: false },
      ),
      ...errors(
        'invalid_json',
        'invalid_signature',
        'missing_signature',
        'mode_not_configured',
        'not_an_event',
        'payload_too_large',
        'stale_timestamp',
        'temporal_unavailable',
        'unsupported_media_type',
        'wrong_mode',
      ),
    },
  };
}
