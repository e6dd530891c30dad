import { z } from 'zod';
import { STRIPE_ID, type StripeEvent } from '../../domain/stripe-event.ts';
import { HttpError } from '../errors.ts';
import { firstProblem } from '../validation.ts';

/** As much of an event of Stripe's as is read. Stripe adds fields at any time, so others are let through. */
export const stripeEventSchema = z
  .looseObject({
    id: z.string().regex(STRIPE_ID),
    object: z.literal('event'),
    type: z.string().regex(STRIPE_ID),
    created: z.int(),
    livemode: z.boolean(),
    data: z.looseObject({
      object: z.record(z.string(), z.unknown()),
      previous_attributes: z.record(z.string(), z.unknown()).nullish(),
    }),
  })
  .meta({ id: 'StripeEvent' });

/** Answer to an event. */
export const webhookAnswerSchema = z.strictObject({
  received: z.literal(true),
  ignored: z.enum(['type', 'no_customer', 'no_purchase']).optional().meta({
    description:
      'Why it takes no effect: its type is not handled, it is of no customer, or of no test purchase that runs',
  }),
});

/** @throws HttpError `not_an_event` */
export function readStripeEvent(payload: unknown): StripeEvent {
  const result = stripeEventSchema.safeParse(payload);
  if (result.success) return result.data;
  const { param, message } = firstProblem(result.error, 'body');
  throw new HttpError('not_an_event', `This is no event of Stripe's: ${param}: ${message}`, { param });
}
