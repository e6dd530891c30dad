import { randomUUID } from 'node:crypto';
import { saveCreditPurchase, saveTakenBack } from '../../db/credit-purchases.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import type { Database } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import { ingest, SEPTEMBER, usage } from './fixtures.ts';

/** Everything that moves a user's credits in test mode, and what came of it. */
export type CreditsOfUser = ReturnType<typeof creditsOf>;

export function creditsOf(db: Database, userId: string) {
  return {
    /** Buys credits. @returns the session they were bought in, and their lot. */
    async purchase(
      grantedCents: number,
      expiresAt: Date | null = null,
      checkoutSessionId = `cs_${randomUUID()}`,
    ): Promise<{ checkoutSessionId: string; lot: string }> {
      await saveCreditPurchase(db, { mode: 'test', userId, checkoutSessionId, grantedCents, expiresAt });
      return { checkoutSessionId, lot: `checkout_session:${checkoutSessionId}` };
    },

    /** As a refund or a dispute does: in all, not in addition to what was taken before. */
    takeBack({ checkoutSessionId }: { readonly checkoutSessionId: string }, takenBackCents: number) {
      return saveTakenBack(db, { mode: 'test', checkoutSessionId, takenBackCents });
    },

    /** Uses CPU hours that cost so much. */
    use(cents: number, occurredAt = '2026-09-15T00:00:00Z') {
      const quantity = String(cents / 10);
      return ingest(db, [usage(userId, { quantity, occurredAt: new Date(occurredAt) })]);
    },

    freeze: (period: BillingPeriod = SEPTEMBER) => freezeBill(db, { mode: 'test', userId, period }),

    balance: (instant?: Date) => creditBalanceCents(db, 'test', userId, instant),

    /** Amount, cause and lot of each entry, oldest first. */
    async ledger(): Promise<[number, string, string][]> {
      const entries = await db
        .selectFrom('credit_entries')
        .select(['amount_cents', 'cause', 'lot'])
        .where('user_id', '=', userId)
        .orderBy('entry_id')
        .execute();
      return entries.map((entry) => [entry.amount_cents, entry.cause, entry.lot]);
    },
  };
}
