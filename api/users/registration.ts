import type { RequestHandler } from 'express';
import { registerUser } from '../../db/users.ts';
import { signalUserChanged } from '../../temporal/signals.ts';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { stored } from '../temporal/calls.ts';
import { parse, userIdSchema } from '../validation.ts';
import { userErased } from './find-user.ts';
import { registrationSchema } from './schema.ts';

/** `PUT /api/users/{userId}`: registers a user, or takes a new e-mail and name over, to Stripe as well. */
export function putUser({ db, temporal }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const { email, name } = parse(registrationSchema, request.body);

    const user = await registerUser(db, { mode, userId, email, name });
    if (user === undefined) throw userErased(userId);
    if (user.stripe_customer_id !== null) {
      // Also when nothing has changed: then this may be the retry of a request that was cut off between the two steps.
      const customer = { mode, stripeCustomerId: user.stripe_customer_id };
      await stored(temporal, () => signalUserChanged(temporal, customer));
    }
    response.json({ userId, email: user.email, name: user.name, mode });
  };
}
