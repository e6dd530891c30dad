import { z } from 'zod';
import { loseDispute, needsResponse, updateDispute } from '../behaviour/disputes.ts';
import { findOrMissing } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Operation } from '../operation.ts';
import { boolean, emptyableText, listParams, metadata, params, range, text } from '../params.ts';
import { route } from '../router.ts';
import type { Dispute } from '../wire.ts';

/** The evidence that is text; files can't be uploaded to the simulator. */
const evidence = z.strictObject({
  access_activity_log: emptyableText.optional(),
  billing_address: emptyableText.optional(),
  cancellation_policy_disclosure: emptyableText.optional(),
  cancellation_rebuttal: emptyableText.optional(),
  customer_email_address: emptyableText.optional(),
  customer_name: emptyableText.optional(),
  customer_purchase_ip: emptyableText.optional(),
  duplicate_charge_explanation: emptyableText.optional(),
  duplicate_charge_id: emptyableText.optional(),
  product_description: emptyableText.optional(),
  refund_policy_disclosure: emptyableText.optional(),
  refund_refusal_explanation: emptyableText.optional(),
  service_date: emptyableText.optional(),
  shipping_address: emptyableText.optional(),
  shipping_carrier: emptyableText.optional(),
  shipping_date: emptyableText.optional(),
  shipping_tracking_number: emptyableText.optional(),
  uncategorized_text: emptyableText.optional(),
});

function findDispute(operation: Operation, id: string): Dispute {
  return findOrMissing(operation, 'dispute', (store) => store.disputes, id, 'id');
}

/** What was named, `null` where it is to be emptied. */
function named(given: z.output<typeof evidence>): Record<string, string | null> {
  const entries = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

/**
 * `/v1/disputes`: to read them, send evidence and accept them; test cards open them.
 * https://docs.stripe.com/api/disputes
 */
export const disputeRoutes = [
  route(
    'GET',
    '/v1/disputes',
    listParams({ charge: text.optional(), created: range.optional(), payment_intent: text.optional() }),
    (operation, given) => {
      const { disputes } = operation.store;
      return page(disputes, {
        url: '/v1/disputes',
        params: given,
        order:
          given.charge !== undefined
            ? disputes.where('charge', given.charge)
            : given.payment_intent !== undefined
              ? disputes.where('payment_intent', given.payment_intent)
              : undefined,
        matches: ({ created, payment_intent: intent }) =>
          within(given.created, created) &&
          (given.payment_intent === undefined || intent === given.payment_intent),
      });
    },
  ),

  route('GET', '/v1/disputes/:dispute', params({}), (operation, _given, { dispute }) =>
    findDispute(operation, dispute),
  ),

  route(
    'POST',
    '/v1/disputes/:dispute',
    params({
      evidence: evidence.optional(),
      metadata: metadata.optional(),
      submit: boolean.optional(),
    }),
    (operation, given, ids) => {
      const before = findDispute(operation, ids.dispute);
      return updateDispute(operation, before, {
        evidence: named(given.evidence ?? {}),
        metadata: mergeMetadata(before.metadata, given.metadata),
        submit: given.submit ?? true,
      });
    },
  ),

  route('POST', '/v1/disputes/:dispute/close', params({}), (operation, _given, ids) => {
    const dispute = findDispute(operation, ids.dispute);
    if (!needsResponse(dispute)) {
      throw invalidRequest(`This dispute is ${dispute.status}, so it can't be accepted any more.`);
    }
    return loseDispute(operation, dispute);
  }),
];
