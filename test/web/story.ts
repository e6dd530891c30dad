import type { PurchaseWithSteps } from '../../api/admin/test-billing/purchases.ts';
import { grantCreditLot } from '../../db/credits.ts';
import type { Database } from '../../db/database.ts';
import { registerUser } from '../../db/users.ts';
import { creditCause } from '../../domain/credit-causes.ts';
import { tellOfCustomers } from './customer-story.ts';
import { tellOfMonths } from './months-story.ts';
import { aPurchase, putPurchase } from './put-purchases.ts';
import { tellEvents } from './story-events.ts';

/** Some users, credits, subscriptions, events and purchases: each tab has something to show. */
export async function tellStory(db: Database): Promise<void> {
  const names = { ada: 'Ada Lovelace', grace: 'Grace Hopper', mary: 'Mary Jackson' };
  for (const [userId, name] of Object.entries(names)) {
    for (const mode of ['live', 'test'] as const)
      await registerUser(db, { mode, userId, email: `${userId}@example.com`, name });
  }
  await subscribe(db, 'ada', {
    status: 'active',
    reason: 'Has a payment method, owes nothing, and has a cluster.',
  });
  await subscribe(db, 'grace', {
    status: 'past_due',
    reason: 'A bill is unpaid; access ends with the grace period.',
  });
  await subscribe(db, 'mary', { status: 'suspended', reason: 'The subscription has ended.' });
  await grantCredits(db, 'ada', 12_500);
  await grantCredits(db, 'grace', 2_500);
  await db
    .insertInto('applied_stripe_events')
    .values(
      EVENTS.map(([userId, type, objectId], index) => ({
        mode: 'test',
        event_id: `evt_${index}`,
        stripe_customer_id: `cus_${userId}`,
        type,
        object_id: objectId,
        applied_at: new Date(Date.UTC(2026, 10, 3, 9, 30, index)),
      })),
    )
    .execute();
  await tellOfCustomers(db);
  await tellEvents(db);
  await tellOfPurchases(db);
  await tellOfMonths(db);
}

const EVENTS = [
  ['ada', 'checkout.session.completed', 'cs_test_a1Zp6'],
  ['ada', 'payment_method.attached', 'pm_1SPq2w'],
  ['ada', 'invoice.payment_succeeded', 'in_1SPq3a'],
  ['grace', 'invoice.payment_failed', 'in_1SPq4c'],
  ['mary', 'customer.subscription.deleted', 'sub_1SPq5e'],
] as const;

async function grantCredits(db: Database, userId: string, cents: number): Promise<void> {
  const cause = creditCause.purchase(`cs_test_${userId}`);
  await db.transaction().execute(async (transaction) => {
    await grantCreditLot(transaction, { mode: 'test', userId }, { cause, cents, expiresAt: null });
  });
}

async function subscribe(
  db: Database,
  userId: string,
  { status, reason }: { readonly status: 'active' | 'past_due' | 'suspended'; readonly reason: string },
): Promise<void> {
  await db
    .updateTable('users')
    .set({
      stripe_customer_id: `cus_${userId}`,
      stripe_subscription_id: `sub_${userId}`,
      status,
      status_reason: reason,
    })
    .where('mode', '=', 'test')
    .where('user_id', '=', userId)
    .execute();
}

async function tellOfPurchases(db: Database): Promise<void> {
  const at = (second: number) => new Date(Date.UTC(2026, 10, 3, 9, 30, second)).toISOString();
  const begun: PurchaseWithSteps['steps'] = [
    { step: 'customer', at: at(0), detail: 'Purchase recorded' },
    { step: 'payment', at: at(1), detail: 'Payment started in Stripe, pi_3SPq1a' },
  ];
  await putPurchase(
    db,
    aPurchase({
      id: '33333333-3333-4333-8333-333333333333',
      userId: 'mary',
      card: 'decline',
      status: 'declined',
      problem: 'The card was declined (generic_decline).',
      steps: [...begun, { step: 'webhook', at: at(2), detail: 'Declined' }],
    }),
  );
  await putPurchase(
    db,
    aPurchase({
      id: '22222222-2222-4222-8222-222222222222',
      userId: 'grace',
      credits: 10,
      card: 'authentication',
      status: 'requires_action',
      link: 'http://127.0.0.1:12111/pay/pi_3SPq1b',
      steps: [...begun, { step: 'wait', at: at(2), detail: 'The bank wants a confirmation' }],
    }),
  );
  await putPurchase(
    db,
    aPurchase({
      id: '11111111-1111-4111-8111-111111111111',
      userId: 'ada',
      credits: 125,
      status: 'succeeded',
      steps: [
        ...begun,
        { step: 'webhook', at: at(2), detail: 'Webhook received' },
        { step: 'credits', at: at(3), detail: '125 credits granted' },
      ],
    }),
  );
}
