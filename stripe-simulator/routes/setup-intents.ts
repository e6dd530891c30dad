/** Setup intents. */
import type { z } from 'zod';
import { findCustomer, findSetupIntent } from '../behaviour/find.ts';
import { expectOwn, expectStatus, methodFor, methodSelection, UNSETTLED } from '../behaviour/intents.ts';
import { cancelSetupIntent, confirmSetupIntent } from '../behaviour/setup-intents.ts';
import { invalidRequest } from '../errors.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { newSetupIntent } from '../objects/payment.ts';
import type { Operation } from '../operation.ts';
import { boolean, emptyableText, listParams, metadata, oneOf, params, range, text, url } from '../params.ts';
import { route } from '../router.ts';
import type { SetupIntent } from '../wire.ts';
import { automaticMethods, methodTypes } from './intent-params.ts';

const create = params({
  allowed_payment_method_types: methodTypes.optional(),
  automatic_payment_methods: automaticMethods.optional(),
  confirm: boolean.optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  payment_method_types: methodTypes.optional(),
  return_url: url.optional(),
  usage: oneOf('off_session', 'on_session').optional(),
});

const update = params({
  customer: text.optional(),
  description: emptyableText.optional(),
  metadata: metadata.optional(),
  payment_method: emptyableText.optional(),
});

const METHOD_OPTIONS: SetupIntent['payment_method_options'] = {
  card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
};

function createIntent(operation: Operation, given: z.output<typeof create>): SetupIntent {
  if (given.return_url !== undefined && given.confirm !== true) {
    throw invalidRequest('You can only pass `return_url` with `confirm` set to true.', {
      param: 'return_url',
    });
  }
  const customer = given.customer === undefined ? null : findCustomer(operation, given.customer).id;
  const method =
    given.payment_method === undefined
      ? null
      : methodFor(operation, 'setup_intent', given.payment_method, customer).id;
  const intent = operation.store.setupIntents.put(
    newSetupIntent(operation, {
      ...methodSelection(given),
      customer,
      description: given.description ?? null,
      metadata: mergeMetadata({}, given.metadata),
      payment_method: method,
      payment_method_options: METHOD_OPTIONS,
      status: method === null ? 'requires_payment_method' : 'requires_confirmation',
      usage: given.usage ?? 'off_session',
    }),
  );
  operation.emit('setup_intent.created', intent);
  return given.confirm === true ? confirmSetupIntent(operation, intent, given.return_url) : intent;
}

/** A change to whose card is saved. @throws 400 once that is settled. */
function changed(
  operation: Operation,
  before: SetupIntent,
  given: z.output<typeof update>,
): Partial<SetupIntent> {
  const { customer, payment_method: id } = given;
  if (customer === undefined && id === undefined) return {};
  expectOwn(operation, before);
  expectStatus(before, 'update', UNSETTLED);
  const owner = customer === undefined ? before.customer : findCustomer(operation, customer).id;
  const chosen = id === undefined ? before.payment_method : id;
  const method = chosen === null ? null : methodFor(operation, 'setup_intent', chosen, owner).id;
  return {
    customer: owner,
    next_action: null,
    payment_method: method,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
  };
}

/** `/v1/setup_intents`. Those of Checkout can be read here, but not confirmed or canceled. */
export const setupIntentRoutes = [
  route('POST', '/v1/setup_intents', create, (operation, given) =>
    createIntent(operation.at(given.customer ?? null), given),
  ),

  route(
    'GET',
    '/v1/setup_intents',
    listParams({
      created: range.optional(),
      customer: text.optional(),
      payment_method: text.optional(),
    }),
    ({ store: { setupIntents } }, given) =>
      page(setupIntents, {
        url: '/v1/setup_intents',
        params: given,
        order: given.customer === undefined ? undefined : setupIntents.where('customer', given.customer),
        matches: ({ created, payment_method: method }) =>
          within(given.created, created) &&
          (given.payment_method === undefined || method === given.payment_method),
      }),
  ),

  route('GET', '/v1/setup_intents/:intent', params({}), (operation, _given, { intent }) =>
    findSetupIntent(operation, intent, 'id'),
  ),

  route('POST', '/v1/setup_intents/:intent', update, (operation, given, { intent }) => {
    const before = findSetupIntent(operation, intent, 'id');
    return operation.store.setupIntents.put({
      ...before,
      ...changed(operation, before, given),
      description: given.description === undefined ? before.description : given.description,
      metadata: mergeMetadata(before.metadata, given.metadata),
    });
  }),

  route(
    'POST',
    '/v1/setup_intents/:intent/confirm',
    params({ payment_method: text.optional(), return_url: url.optional() }),
    (operation, given, { intent }) => {
      const found = findSetupIntent(operation, intent, 'id');
      // Refused before the request's method can replace the one that was saved.
      expectStatus(found, 'confirm', UNSETTLED);
      const { payment_method: id } = given;
      const ready =
        id === undefined
          ? found
          : { ...found, payment_method: methodFor(operation, 'setup_intent', id, found.customer).id };
      return confirmSetupIntent(operation.at(found.customer), ready, given.return_url);
    },
  ),

  route(
    'POST',
    '/v1/setup_intents/:intent/cancel',
    params({ cancellation_reason: oneOf('abandoned', 'duplicate', 'requested_by_customer').optional() }),
    (operation, given, { intent }) => {
      const found = findSetupIntent(operation, intent, 'id');
      return cancelSetupIntent(operation.at(found.customer), found, given.cancellation_reason ?? null);
    },
  ),
];
