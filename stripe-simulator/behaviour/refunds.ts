/** Giving money back. https://docs.stripe.com/refunds */
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { newRefund } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import type { Charge, Refund } from '../wire.ts';
import { testCardOf } from './cards.ts';

/**
 * Gives `amount` cents back, by default all that is left. It is there at once; what the bank says may come later.
 * @throws 400 if the charge was not paid and captured, is charged back, or has less left than `amount`.
 */
export function createRefund(
  operation: Operation,
  charge: Charge,
  fields: { amount: number | undefined; metadata: Record<string, string>; reason: Refund['reason'] },
): Refund {
  const { store } = operation;
  if (!charge.paid) throw invalidRequest(`Charge ${charge.id} has not been paid, so it can't be refunded.`);
  if (!charge.captured) {
    throw invalidRequest(
      `Charge ${charge.id} has not been captured, so it can't be refunded. Cancel its PaymentIntent to release the money.`,
    );
  }
  const dispute = store.disputes.all('charge', charge.id).at(-1);
  if (dispute?.is_charge_refundable === false) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
  const amount = fields.amount ?? left;
  if (amount <= 0 || amount > left) {
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`, {
      param: 'amount',
    });
  }
  const refunds = testCardOf(operation, charge.payment_method ?? '')?.refunds;
  const refund = store.refunds.put(
    newRefund(operation, charge, {
      amount,
      metadata: fields.metadata,
      reason: fields.reason,
      status: refunds === 'pending' ? 'pending' : 'succeeded',
    }),
  );
  const refunded = store.charges.put(withRefunded(charge, charge.amount_refunded + amount));
  operation.emit('refund.created', refund);
  operation.emit('charge.refunded', refunded, previousAttributes(charge, refunded));
  if (refunds !== undefined)
    operation.schedule('settle_refund', refund.id, operation.settings.collectionDelayMs);
  return refund;
}

/** What the bank says later: a pending refund succeeds, one to a card that takes none fails, and the money is back. */
export function settleRefund(operation: Operation, before: Refund): void {
  const { store } = operation;
  const charge = store.charges.get(before.charge ?? '');
  if (charge === undefined) return;
  const fails = testCardOf(operation, charge.payment_method ?? '')?.refunds === 'fails';
  const after = store.refunds.put(
    fails
      ? { ...before, failure_reason: 'expired_or_canceled_card', status: 'failed' }
      : { ...before, status: 'succeeded' },
  );
  const previous = previousAttributes(before, after);
  if (fails) {
    store.charges.put(withRefunded(charge, charge.amount_refunded - before.amount));
    operation.emit('refund.failed', after, previous);
  }
  operation.emit('refund.updated', after, previous);
  operation.emit('charge.refund.updated', after, previous);
}

function withRefunded(charge: Charge, refunded: number): Charge {
  return { ...charge, amount_refunded: refunded, refunded: refunded === charge.amount_captured };
}
