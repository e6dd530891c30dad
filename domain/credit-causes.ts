/** What the cause of an entry in the credits' ledger begins with, by what made it. It is stored so: letter by letter it stays. */
export const CREDIT_CAUSES = {
  purchase: 'checkout_session:',
  testPurchase: 'test-purchase:',
  bill: 'bill:',
  takenBack: 'taken_back:',
  expired: 'expired:',
} as const;

/** `other`: what was granted before there were lots (`opening`). */
export type CreditCauseKind = keyof typeof CREDIT_CAUSES | 'other';

/** What makes entries of the ledger. The database sees to it that nothing makes two in one lot. */
export const creditCause = {
  bill: (billId: string) => `${CREDIT_CAUSES.bill}${billId}`,
  purchase: (checkoutSessionId: string) => `${CREDIT_CAUSES.purchase}${checkoutSessionId}`,
  testPurchase: (purchaseId: string) => `${CREDIT_CAUSES.testPurchase}${purchaseId}`,
  /** The nth time, from 1, that something of this purchase was taken back or given back again. */
  takenBack: (checkoutSessionId: string, nth: number) =>
    `${CREDIT_CAUSES.takenBack}${checkoutSessionId}:${nth}`,
  /** The nth time, from 1, that what was left of an expired lot was written off: after the first, something was given back to it. */
  expired: (lot: string, nth: number) => `${CREDIT_CAUSES.expired}${lot}:${nth}`,
} as const;

/** Reads what {@link creditCause} has made: what kind it is of, and whatever follows, such as `cs_…`; of `other`, all of it. */
export function parseCreditCause(cause: string): { readonly kind: CreditCauseKind; readonly id: string } {
  for (const kind of ['purchase', 'testPurchase', 'bill', 'takenBack', 'expired'] as const)
    if (cause.startsWith(CREDIT_CAUSES[kind])) return { kind, id: cause.slice(CREDIT_CAUSES[kind].length) };
  return { kind: 'other', id: cause };
}
