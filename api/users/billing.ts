import type { RequestHandler } from 'express';
import { owedCents, pageOfOldestUnpaidBill } from '../../db/bills.ts';
import { listCreditLots } from '../../db/credits.ts';
import { remainingCents } from '../../domain/credits.ts';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { parse, userIdSchema } from '../validation.ts';
import { findUserOrRefuse } from './find-user.ts';

/** `GET /api/users/{userId}/billing`: may they use their cluster, and what do they owe? */
export function getBilling({ db, now = () => new Date() }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const user = await findUserOrRefuse(db, mode, userId);
    const hostedInvoiceUrl = await pageOfOldestUnpaidBill(db, mode, userId);
    const creditLots = await listCreditLots(db, { mode, userId }, now());
    response.json({
      status: user.status,
      ...(user.waiting_for === null ? {} : { waitingFor: user.waiting_for }),
      clusterId: user.cluster_id,
      stripeCustomerId: user.stripe_customer_id,
      stripeSubscriptionId: user.stripe_subscription_id,
      creditsCents: remainingCents(creditLots),
      creditLots: creditLots.map((each) => ({
        remainingCents: each.remainingCents,
        expiresAt: each.expiresAt?.toISOString() ?? null,
        cause: each.lot,
      })),
      owedCents: await owedCents(db, mode, userId),
      ...(user.grace_ends_at === null ? {} : { graceEndsAt: user.grace_ends_at.toISOString() }),
      ...(hostedInvoiceUrl === null ? {} : { hostedInvoiceUrl }),
    });
  };
}
