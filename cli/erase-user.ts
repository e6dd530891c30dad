import { listBillSummaries } from '../db/bills.ts';
import { creditBalanceCents } from '../db/credits.ts';
import { loadErasableUser } from '../db/erasure.ts';
import { type UserErasureInput, whyNotErase } from '../domain/erasure.ts';
import { formatCents } from '../domain/money.ts';
import { say } from './console.ts';
import { type CliContext, inItsWords, UsageError } from './context.ts';

/**
 * Says what an erasure of the user's data does, or does it.
 *
 * @throws UsageError with what is to be done first.
 */
export async function eraseUser(
  context: CliContext,
  { apply, ...input }: UserErasureInput & { readonly apply: boolean },
): Promise<void> {
  await showPlan(context, input);
  if (!apply) {
    say();
    say('Nothing was done. With --apply it is, and cannot be undone.');
    return;
  }
  await context.withTemporal(async (temporal) => {
    const { eraseUser: erase } = await import('../api/temporal/erasure.ts');
    const erased = await inItsWords(() => erase(temporal, input));
    const { paymentMethods, accountSessions, webhookReceipts, notes, hadStripeCustomer } = erased;
    say();
    say(
      `Erased: ${hadStripeCustomer ? 'the customer in Stripe, ' : ''}e-mail and name, ${paymentMethods} payment methods, ${accountSessions} sessions, ${webhookReceipts} webhook receipts, ${notes} notes.`,
    );
  });
}

async function showPlan(context: CliContext, input: UserErasureInput): Promise<void> {
  const { mode, userId } = input;
  const { user, bills, creditsCents } = await context.withDatabase(async (db) => {
    return {
      user: await loadErasableUser(db, input, new Date()),
      bills: await listBillSummaries(db, mode, userId),
      creditsCents: await creditBalanceCents(db, mode, userId),
    };
  });
  const why = whyNotErase(user, input);
  if (user === null || why !== null) throw new UsageError(why ?? '');
  const { stripeCustomerId, unsettledBills, unbilledCents } = user;
  say(`The data of ${userId} (${mode}) ${user.isErased ? 'was erased; once more:' : 'is erased so:'}`);
  if (input.writeOff && unbilledCents !== 0)
    say(`- ${formatCents(unbilledCents)} not billed yet are given up`);
  for (const { billId, totalCents } of input.writeOff ? unsettledBills : [])
    say(`- the invoice of ${billId} over ${formatCents(totalCents)} is voided`);
  if (creditsCents > 0) say(`- credits of ${formatCents(creditsCents)} can't be used any more`);
  if (stripeCustomerId !== null)
    say(`- ${stripeCustomerId} is deleted in Stripe: the subscription ends, cards are let go`);
  say('- e-mail, name, payment methods, sessions, webhook receipts and what operators noted go');
  say(`- ${bills.length} bills with their lines, credits, usage and ids stay, under the user id`);
  say('- nothing of this user id is taken any more');
}
