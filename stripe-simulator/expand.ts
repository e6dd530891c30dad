/** `expand[]`: replaces ids by their objects on the way out. https://docs.stripe.com/api/expanding_objects */
import { invalidRequest } from './errors.ts';
import { embeddedList } from './list.ts';
import type { Store } from './store.ts';

/** Stripe goes no deeper. */
const DEEPEST = 4;

/** Which collection an id belongs to, by its prefix. */
function find(store: Store, id: string): object | undefined {
  const prefix = id.slice(0, id.indexOf('_'));
  switch (prefix) {
    case 'ch':
      return store.charges.get(id);
    case 'cs':
      return store.checkoutSessions.get(id);
    case 'cus':
      return store.customers.get(id) ?? store.deleted.get(id);
    case 'clock':
      return store.testClocks.get(id);
    case 'du':
      return store.disputes.get(id);
    case 'ii':
      return store.invoiceItems.get(id);
    case 'in':
      return store.invoices.get(id);
    case 'inpay':
      return store.invoicePayments.get(id);
    case 'pi':
      return store.paymentIntents.get(id);
    case 'pm':
      return store.paymentMethods.get(id);
    case 'price':
      return store.prices.get(id);
    case 'prod':
      return store.products.get(id);
    case 're':
      return store.refunds.get(id);
    case 'seti':
      return store.setupIntents.get(id);
    case 'sub':
      return store.subscriptions.get(id);
    default:
      return undefined;
  }
}

/** Fields that an object shows only when they are asked for. */
function include(store: Store, owner: { object?: unknown; id?: unknown }, field: string): unknown {
  const id = String(owner.id);
  switch (`${String(owner.object)}.${field}`) {
    case 'invoice.payments':
      return embeddedList(store.invoicePayments.all('invoice', id), `/v1/invoice_payments?invoice=${id}`);
    case 'checkout.session.line_items':
      return embeddedList(
        store.checkoutLines.all('session', id).map(({ session: _session, ...line }) => line),
        `/v1/checkout/sessions/${id}/line_items`,
      );
    case 'charge.refunds':
      return embeddedList(store.refunds.all('charge', id).toReversed(), `/v1/charges/${id}/refunds`);
    case 'customer.subscriptions':
      return embeddedList(
        store.subscriptions
          .all('customer', id)
          .filter(({ status }) => status !== 'canceled')
          .toReversed(),
        `/v1/customers/${id}/subscriptions`,
      );
    case 'customer.sources':
    case 'customer.tax_ids':
      return embeddedList([], `/v1/customers/${id}/${field}`);
    default:
      return undefined;
  }
}

/**
 * A copy of `value` with the paths expanded; what is not on a path is shared with the original.
 * @throws 400 for a path that can't be expanded.
 */
export function expand(store: Store, value: object, paths: readonly string[]): object {
  let expanded = value;
  for (const path of paths) {
    const steps = path.split('.');
    if (steps.filter((step) => step !== 'data').length > DEEPEST) {
      throw invalidRequest(`You cannot expand more than ${DEEPEST} levels of a property. Property: ${path}`);
    }
    const copy = expandPath(store, expanded, steps, path);
    expanded = typeof copy === 'object' && copy !== null ? copy : expanded;
  }
  return expanded;
}

function expandPath(store: Store, value: unknown, steps: readonly string[], path: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => expandPath(store, item, steps, path));
  // `null` on the way: there is nothing to expand in this one.
  if (value === null || value === undefined) return value;
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof value !== 'object') throw cannotExpand(path);
  const fields = new Map<string, unknown>(Object.entries(value));
  const found = fields.has(step) ? fields.get(step) : include(store, value, step);
  if (found === undefined) {
    // A deleted object has none of its fields any more.
    if (fields.get('deleted') === true) return value;
    throw cannotExpand(path);
  }
  const replaced = replaceIds(store, found);
  if (rest.length === 0 && typeof replaced !== 'object') throw cannotExpand(path);
  return { ...value, [step]: expandPath(store, replaced, rest, path) };
}

function replaceIds(store: Store, value: unknown): unknown {
  if (typeof value === 'string') return find(store, value) ?? value;
  if (Array.isArray(value)) return value.map((item: unknown) => replaceIds(store, item));
  return value;
}

function cannotExpand(path: string): Error {
  return invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
}
