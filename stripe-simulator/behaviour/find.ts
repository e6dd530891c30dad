/** Looks up what a path or a parameter names, or says that it isn't there as Stripe says it. */
import type { Collection } from '../collection.ts';
import { resourceMissing } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import type {
  Charge,
  Customer,
  Invoice,
  Meter,
  PaymentIntent,
  PaymentMethod,
  Price,
  Product,
  SetupIntent,
  Subscription,
  TestClock,
} from '../wire.ts';

/** `param` is the parameter that holds the id; `'id'` means the path does, which makes it a 404. */
export function findOrMissing<T extends { id: string }, I extends string>(
  operation: Operation,
  kind: string,
  collectionOf: (store: Store) => Collection<T, I>,
  id: string,
  param: string,
): T {
  const found = collectionOf(operation.store).get(id);
  if (found !== undefined) return found;
  const [other, used] = operation.livemode ? ['test', 'live'] : ['live', 'test'];
  const hint =
    collectionOf(operation.otherMode).get(id) === undefined
      ? ''
      : `; a similar object exists in ${other} mode, but a ${used} mode key was used to make this request.`;
  throw resourceMissing(kind, id, param, hint);
}

/**
 * A customer that is there.
 * @throws 400 if there is none, a deleted one included; 404 if the path names it (`param` `'id'`).
 */
export function findCustomer(operation: Operation, id: string, param = 'customer'): Customer {
  return findOrMissing(operation, 'customer', (store) => store.customers, id, param);
}

/** An invoice, usually the one that the path names. @throws 404 then, 400 if a parameter names it. */
export function findInvoice(operation: Operation, id: string, param = 'id'): Invoice {
  return findOrMissing(operation, 'invoice', (store) => store.invoices, id, param);
}

/** A saved card, attached or not: whose it is, the caller has to ask. @throws 400, or 404 if the path names it. */
export function findPaymentMethod(operation: Operation, id: string, param = 'payment_method'): PaymentMethod {
  return findOrMissing(operation, 'PaymentMethod', (store) => store.paymentMethods, id, param);
}

/** A price, active or not: whether it may be used, the caller has to ask. @throws 400, or 404 if the path names it. */
export function findPrice(operation: Operation, id: string, param = 'price'): Price {
  return findOrMissing(operation, 'price', (store) => store.prices, id, param);
}

/** A product, active or not. @throws 400, or 404 if the path names it. */
export function findProduct(operation: Operation, id: string, param = 'product'): Product {
  return findOrMissing(operation, 'product', (store) => store.products, id, param);
}

/** A billing meter by its id, not by its event name; it may be inactive. @throws 400, or 404 if the path names it. */
export function findMeter(operation: Operation, id: string, param = 'meter'): Meter {
  return findOrMissing(operation, 'billing meter', (store) => store.meters, id, param);
}

/** A subscription, ended ones included. @throws 404, or 400 if a parameter names it. */
export function findSubscription(operation: Operation, id: string, param = 'id'): Subscription {
  return findOrMissing(operation, 'subscription', (store) => store.subscriptions, id, param);
}

/** A test clock, which only test mode has. @throws 404, or 400 if a parameter names it. */
export function findTestClock(operation: Operation, id: string, param = 'id'): TestClock {
  return findOrMissing(operation, 'test clock', (store) => store.testClocks, id, param);
}

/** A charge, failed ones included. @throws 400, or 404 if the path names it. */
export function findCharge(operation: Operation, id: string, param = 'charge'): Charge {
  return findOrMissing(operation, 'charge', (store) => store.charges, id, param);
}

/** A payment intent, those of Checkout and of invoices included. @throws 400, or 404 if the path names it. */
export function findPaymentIntent(operation: Operation, id: string, param = 'payment_intent'): PaymentIntent {
  return findOrMissing(operation, 'payment_intent', (store) => store.paymentIntents, id, param);
}

/** A setup intent, those of Checkout and of the portal included. @throws 400, or 404 if the path names it. */
export function findSetupIntent(operation: Operation, id: string, param = 'setup_intent'): SetupIntent {
  return findOrMissing(operation, 'setupintent', (store) => store.setupIntents, id, param);
}
