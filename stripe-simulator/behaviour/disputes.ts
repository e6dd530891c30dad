/** A cardholder takes a charge back. https://docs.stripe.com/disputes/api and, for the cards, https://docs.stripe.com/testing#disputes */
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { disputeTransaction, newDispute } from '../objects/dispute.ts';
import type { Operation } from '../operation.ts';
import type { Charge, Dispute } from '../wire.ts';
import { testCardOf } from './cards.ts';

/** What `uncategorized_text` says to have the dispute decided. */
const WINNING = 'winning_evidence';
const LOSING = 'losing_evidence';

/** Disputes a charge the way its test card says. */
export function disputeCharge(operation: Operation, charge: Charge): void {
  const { store } = operation;
  const disputed = testCardOf(operation, charge.payment_method ?? '')?.disputed;
  if (disputed === undefined || charge.disputed) return;
  const { reason, inquiry = false } = disputed;
  const dispute = store.disputes.put(newDispute(operation, charge, reason, inquiry));
  store.charges.put({ ...charge, disputed: true });
  operation.emit('charge.dispute.created', dispute);
  if (!inquiry) operation.emit('charge.dispute.funds_withdrawn', dispute);
  if (dispute.evidence_details.due_by !== null)
    operation.scheduleAt('decide_dispute', dispute.id, dispute.evidence_details.due_by);
}

/**
 * Adds evidence and metadata; with `submit` the bank gets what evidence there is, and decides later.
 * @throws 400 for evidence once it is under review or decided; metadata may always be changed.
 */
export function updateDispute(
  operation: Operation,
  before: Dispute,
  given: { evidence: Record<string, string | null>; metadata: Dispute['metadata']; submit: boolean },
): Dispute {
  const evidenceGiven = Object.keys(given.evidence).length > 0;
  if (evidenceGiven && !needsResponse(before)) {
    throw invalidRequest(`This dispute is ${before.status}: evidence can't be submitted any more.`, {
      param: 'evidence',
    });
  }
  const hasEvidence = before.evidence_details.has_evidence || evidenceGiven;
  const submits = given.submit && hasEvidence && needsResponse(before);
  const after = operation.store.disputes.put({
    ...before,
    evidence: { ...before.evidence, ...given.evidence },
    evidence_details: {
      ...before.evidence_details,
      has_evidence: hasEvidence,
      submission_count: before.evidence_details.submission_count + (submits ? 1 : 0),
      submission_method: submits ? 'manual' : before.evidence_details.submission_method,
    },
    metadata: given.metadata,
    status: submits ? underReview(before) : before.status,
  });
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length > 0) operation.emit('charge.dispute.updated', after, previous);
  if (submits) operation.schedule('decide_dispute', after.id, operation.settings.collectionDelayMs);
  return after;
}

/** The bank decides: by the evidence, or against whoever has sent none in time. */
export function decideDispute(operation: Operation, dispute: Dispute): void {
  const { uncategorized_text: text } = dispute.evidence;
  if (needsResponse(dispute)) loseDispute(operation, dispute, true);
  else if (text === LOSING) loseDispute(operation, dispute);
  else if (text === WINNING) winDispute(operation, dispute);
}

/** Lost, by decision, by silence, or because it was accepted. An inquiry is only closed. */
export function loseDispute(operation: Operation, before: Dispute, tooLate = false): Dispute {
  const after = operation.store.disputes.put({
    ...before,
    evidence_details: { ...before.evidence_details, past_due: tooLate },
    status: isInquiry(before) ? 'warning_closed' : 'lost',
  });
  operation.emit('charge.dispute.closed', after);
  return after;
}

function winDispute(operation: Operation, before: Dispute): void {
  const inquiry = isInquiry(before);
  const back = disputeTransaction(
    operation,
    { currency: before.currency, id: before.charge },
    before.id,
    before.amount,
    0,
  );
  const won = operation.store.disputes.put({
    ...before,
    balance_transactions: inquiry ? [] : [...before.balance_transactions, back],
    status: inquiry ? 'warning_closed' : 'won',
  });
  operation.emit('charge.dispute.closed', won);
  if (!inquiry) operation.emit('charge.dispute.funds_reinstated', won);
}

/**
 * Whether the bank still waits for evidence, for a chargeback or for an inquiry; a dispute can be accepted only
 * then.
 */
export function needsResponse({ status }: Dispute): boolean {
  return status === 'needs_response' || status === 'warning_needs_response';
}

function isInquiry({ status }: Dispute): boolean {
  return status.startsWith('warning_');
}

function underReview(dispute: Dispute): Dispute['status'] {
  return isInquiry(dispute) ? 'warning_under_review' : 'under_review';
}
