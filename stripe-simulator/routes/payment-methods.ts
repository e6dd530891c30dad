/** Payment methods. */
import { z } from 'zod';
import {
  attachPaymentMethod,
  detachPaymentMethod,
  paymentMethodOrToken,
  savePaymentMethod,
} from '../behaviour/cards.ts';
import { findCustomer, findPaymentMethod } from '../behaviour/find.ts';
import type { TestCard } from '../behaviour/test-cards.ts';
import { cardByToken, cardOrDecline } from '../behaviour/test-cards.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { page } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { fullAddress } from '../objects/address.ts';
import { address, emptyableText, integer, listParams, metadata, oneOf, params, text } from '../params.ts';
import { route } from '../router.ts';
import type { PaymentMethod } from '../wire.ts';

const billingDetails = z.strictObject({
  address: z.union([z.literal(''), address]).optional(),
  email: emptyableText.optional(),
  name: emptyableText.optional(),
  phone: emptyableText.optional(),
});

const createMethod = params({
  billing_details: billingDetails.optional(),
  card: z.union([
    z.strictObject({ token: text }),
    z.strictObject({ number: text, exp_month: integer, exp_year: integer, cvc: text.optional() }),
  ]),
  metadata: metadata.optional(),
  type: oneOf('card'),
});

function chosenCard(card: z.output<typeof createMethod>['card']): TestCard {
  if ('number' in card) return cardOrDecline(card.number, 'card[number]');
  const found = cardByToken(card.token);
  if (found !== undefined) return found;
  throw invalidRequest(`No such token: '${card.token}'`, {
    code: 'resource_missing',
    param: 'card[token]',
  });
}

/** What is given, and nothing else: an update leaves the rest as it was. */
function details(
  given: z.output<typeof billingDetails> | undefined,
): Partial<PaymentMethod['billing_details']> {
  const { address: place, email, name, phone } = given ?? {};
  return {
    ...(place === undefined ? {} : { address: place === '' ? null : fullAddress(place) }),
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(phone === undefined ? {} : { phone }),
  };
}

/** `/v1/payment_methods`, of test cards only. https://docs.stripe.com/api/payment_methods */
export const paymentMethodRoutes = [
  route('POST', '/v1/payment_methods', createMethod, (operation, given) =>
    savePaymentMethod(operation, chosenCard(given.card), {
      metadata: mergeMetadata({}, given.metadata),
      billingDetails: details(given.billing_details),
    }),
  ),

  route(
    'GET',
    '/v1/payment_methods',
    listParams({ customer: text.optional(), type: text.optional() }),
    (operation, given) =>
      page(operation.store.paymentMethods, {
        url: '/v1/payment_methods',
        params: given,
        order:
          given.customer === undefined
            ? undefined
            : operation.store.paymentMethods.where('customer', findCustomer(operation, given.customer).id),
        matches: ({ type }) => given.type === undefined || given.type === type,
      }),
  ),

  route('GET', '/v1/payment_methods/:method', params({}), (operation, _given, { method }) =>
    findPaymentMethod(operation, method, 'id'),
  ),

  route(
    'POST',
    '/v1/payment_methods/:method',
    params({ billing_details: billingDetails.optional(), metadata: metadata.optional() }),
    (operation, given, { method }) => {
      const before = findPaymentMethod(operation, method, 'id');
      const after = operation.store.paymentMethods.put({
        ...before,
        billing_details: {
          ...before.billing_details,
          ...details(given.billing_details),
        },
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      operation.emit('payment_method.updated', after, previousAttributes(before, after));
      return after;
    },
  ),

  route(
    'POST',
    '/v1/payment_methods/:method/attach',
    params({ customer: text }),
    (operation, given, { method }) => {
      const customer = findCustomer(operation, given.customer);
      return attachPaymentMethod(operation, paymentMethodOrToken(operation, method, 'id'), customer);
    },
  ),

  route('POST', '/v1/payment_methods/:method/detach', params({}), (operation, _given, { method }) =>
    detachPaymentMethod(operation, findPaymentMethod(operation, method, 'id')),
  ),
];
