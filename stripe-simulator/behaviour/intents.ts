/** What setup and payment intents have in common. https://docs.stripe.com/payments/paymentintents/lifecycle */
import { invalidRequest } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { PaymentIntent, PaymentMethod, SetupIntent } from '../wire.ts';
import { paymentMethodOrToken } from './cards.ts';

type Intent = PaymentIntent | SetupIntent;
type Status = Intent['status'];

const NAMES = { payment_intent: 'PaymentIntent', setup_intent: 'SetupIntent' } as const;
const PARTICIPLES = { cancel: 'canceled', capture: 'captured', confirm: 'confirmed', update: 'updated' };

/** Before anything has become final. */
export const UNSETTLED: readonly Status[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
];

/** @throws 400 `…_unexpected_state` unless the intent has one of these statuses. */
export function expectStatus(
  intent: Intent,
  verb: keyof typeof PARTICIPLES,
  allowed: readonly Status[],
): void {
  if (allowed.includes(intent.status)) return;
  const name = NAMES[intent.object];
  throw unexpectedState(
    intent,
    `You cannot ${verb} this ${name} because it has a status of ${intent.status}. Only a ${name} with one of the following statuses may be ${PARTICIPLES[verb]}: ${allowed.join(', ')}.`,
  );
}

function unexpectedState(intent: Intent, message: string): Error {
  return intent.object === 'payment_intent'
    ? invalidRequest(message, { code: 'payment_intent_unexpected_state', payment_intent: intent })
    : invalidRequest(message, { code: 'setup_intent_unexpected_state', setup_intent: intent });
}

/** @throws 400 if the intent is a Checkout session's or an invoice's, which confirm and cancel it themselves. */
export function expectOwn({ store }: Operation, intent: Intent): void {
  const [session] = store.checkoutSessions.all('intent', intent.id);
  const [payment] = store.invoicePayments.all('payment_intent', intent.id);
  const owner = session?.id ?? payment?.invoice;
  if (owner === undefined) return;
  throw unexpectedState(
    intent,
    `This ${NAMES[intent.object]} belongs to ${owner}, which alone confirms, changes and cancels it.`,
  );
}

/**
 * The payment method that an intent of `customer` is to be confirmed with; test ids make a new one.
 * @throws 400 if it is someone else's.
 */
export function methodFor(
  operation: Operation,
  kind: Intent['object'],
  id: string,
  customer: string | null,
): PaymentMethod {
  const method = paymentMethodOrToken(operation, id);
  if (method.customer === null || method.customer === customer) return method;
  throw invalidRequest(
    `The PaymentMethod supplied (${method.id}) belongs to the Customer ${method.customer}. Please include the Customer in the \`customer\` parameter on the ${NAMES[kind]}.`,
    { param: 'payment_method' },
  );
}

/** @throws 400 if there is nothing to confirm it with. */
export function confirmedMethod(intent: Intent): string {
  if (intent.payment_method !== null) return intent.payment_method;
  const name = NAMES[intent.object];
  throw unexpectedState(
    intent,
    `You cannot confirm this ${name} because it's missing a payment method. You can either update the ${name} with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.`,
  );
}

/** @throws 400 if the methods of the Dashboard might redirect, and there is no way back. */
export function expectReturnUrl(intent: Intent, returnUrl: string | undefined): void {
  const { allowed_payment_method_types: allowed, automatic_payment_methods: automatic } = intent;
  const redirects = allowed === null && automatic?.enabled === true && automatic.allow_redirects !== 'never';
  if (!redirects || returnUrl !== undefined) return;
  throw invalidRequest(
    `This ${NAMES[intent.object]} is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a \`return_url\`. If you don't want to accept redirect-based payment methods, set \`automatic_payment_methods[enabled]\` to \`true\` and \`automatic_payment_methods[allow_redirects]\` to \`never\` when creating Setup Intents and Payment Intents.`,
  );
}

/** Which methods an intent takes: those of the Dashboard, unless the request lists them. @throws 400 if it does both. */
export function methodSelection(given: {
  automatic_payment_methods?:
    | { allow_redirects?: 'always' | 'never' | undefined; enabled: boolean }
    | undefined;
  allowed_payment_method_types?: 'card'[] | undefined;
  payment_method_types?: 'card'[] | undefined;
}) {
  const { allowed_payment_method_types: allowed = null } = given;
  const { automatic_payment_methods: automatic, payment_method_types: types } = given;
  if (automatic !== undefined && types !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: automatic_payment_methods, payment_method_types.',
    );
  }
  const { enabled, allow_redirects = 'always' } = automatic ?? { enabled: types === undefined };
  return {
    allowed_payment_method_types: allowed,
    automatic_payment_methods: enabled ? { allow_redirects, enabled } : null,
  };
}

/** What the owner has to do: go to the bank's page, or have Stripe.js do it when there is no way back from there. */
export function authenticationStep(operation: Operation, { id }: Intent, returnUrl: string | undefined) {
  if (returnUrl === undefined) return { type: 'use_stripe_sdk', use_stripe_sdk: {} };
  const url = `${operation.settings.baseUrl}/_sim/intents/${id}`;
  return { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
}

/** Its owner has authenticated it for later: charges off session need him no more. */
export function rememberAuthentication({ store }: Operation, method: PaymentMethod): void {
  const record = store.cards.get(method.id);
  if (record !== undefined) store.cards.put({ ...record, authenticated: true });
}
