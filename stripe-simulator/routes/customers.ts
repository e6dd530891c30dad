import { z } from 'zod';
import { attachPaymentMethod, paymentMethodOrToken } from '../behaviour/cards.ts';
import { moveCustomerBalance } from '../behaviour/customer-balance.ts';
import { deleteCustomer } from '../behaviour/customer-deletion.ts';
import { findCustomer, findPaymentMethod, findTestClock } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import { previousAttributes } from '../events.ts';
import { page, within } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { fullAddress } from '../objects/address.ts';
import { newCustomer } from '../objects/customer.ts';
import type { Operation } from '../operation.ts';
import {
  address,
  emptyableEmail,
  emptyableText,
  integer,
  listParams,
  metadata,
  noParams,
  oneOf,
  params,
  range,
  text,
} from '../params.ts';
import { route } from '../router.ts';
import type { Customer } from '../wire.ts';

const fields = {
  address: z.union([z.literal(''), address]).optional(),
  balance: integer.optional(),
  description: emptyableText.optional(),
  email: emptyableEmail.optional(),
  invoice_prefix: text.optional(),
  invoice_settings: z
    .strictObject({ default_payment_method: emptyableText.optional(), footer: emptyableText.optional() })
    .optional(),
  metadata: metadata.optional(),
  name: emptyableText.optional(),
  next_invoice_sequence: integer.optional(),
  phone: emptyableText.optional(),
  preferred_locales: z.array(text).optional(),
  tax_exempt: oneOf('exempt', 'none', 'reverse').optional(),
};
const createSchema = params({ ...fields, payment_method: text.optional(), test_clock: text.optional() });
const updateSchema = params(fields);
type CustomerFields = z.output<typeof updateSchema>;

/** The customer with what the parameters set; balance and default payment method are moved by their own rules. */
function withFields(customer: Customer, given: CustomerFields): Customer {
  return {
    ...customer,
    address:
      given.address === undefined
        ? (customer.address ?? null)
        : given.address === ''
          ? null
          : fullAddress(given.address),
    description: given.description === undefined ? customer.description : given.description,
    email: given.email === undefined ? customer.email : given.email,
    invoice_prefix: given.invoice_prefix ?? customer.invoice_prefix ?? null,
    invoice_settings: {
      ...customer.invoice_settings,
      footer:
        given.invoice_settings?.footer === undefined
          ? customer.invoice_settings.footer
          : given.invoice_settings.footer,
    },
    metadata: mergeMetadata(customer.metadata, given.metadata),
    name: given.name === undefined ? (customer.name ?? null) : given.name,
    next_invoice_sequence: given.next_invoice_sequence ?? customer.next_invoice_sequence ?? 1,
    phone: given.phone === undefined ? (customer.phone ?? null) : given.phone,
    preferred_locales: given.preferred_locales ?? customer.preferred_locales ?? [],
    tax_exempt: given.tax_exempt ?? customer.tax_exempt ?? 'none',
  };
}

/** @throws 400 unless the method is attached to this very customer. */
function withDefaultMethod(
  operation: Operation,
  customer: Customer,
  id: string | null | undefined,
): Customer {
  if (id === undefined) return customer;
  if (
    id !== null &&
    findPaymentMethod(operation, id, 'invoice_settings[default_payment_method]').customer !== customer.id
  ) {
    throw invalidRequest(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' },
    );
  }
  return { ...customer, invoice_settings: { ...customer.invoice_settings, default_payment_method: id } };
}

/** The debts and credits behind `balance`. */
function setBalance(
  operation: Operation,
  customer: Customer,
  balance: number | undefined,
  type: 'adjustment' | 'initial',
): void {
  if (balance === undefined || balance === customer.balance) return;
  moveCustomerBalance(operation, customer, balance - customer.balance, {
    type,
    currency: customer.currency ?? 'usd',
  });
}

/** `/v1/customers`, and the payment methods that a customer has. https://docs.stripe.com/api/customers */
export const customerRoutes = [
  route('POST', '/v1/customers', createSchema, (request, given) => {
    const { store } = request;
    const clock =
      given.test_clock === undefined ? undefined : findTestClock(request, given.test_clock, 'test_clock');
    const operation = clock === undefined ? request : request.atClock(clock.id, clock.frozen_time * 1_000);
    const customer = store.customers.put(
      withFields({ ...newCustomer(operation), test_clock: operation.testClock }, given),
    );
    operation.emit('customer.created', customer);
    const attached =
      given.payment_method === undefined
        ? undefined
        : attachPaymentMethod(operation, paymentMethodOrToken(operation, given.payment_method), customer);
    setBalance(operation, customer, given.balance, 'initial');
    const current = store.customers.get(customer.id) ?? customer;
    const named = given.invoice_settings?.default_payment_method;
    // Of a test id such as `pm_card_visa`, named twice, there is one payment method.
    const chosen = named === given.payment_method ? attached?.id : named;
    return chosen == null ? current : store.customers.put(withDefaultMethod(operation, current, chosen));
  }),

  route(
    'GET',
    '/v1/customers',
    listParams({ email: text.optional(), created: range.optional(), test_clock: text.optional() }),
    (operation, given) =>
      page(operation.store.customers, {
        url: '/v1/customers',
        params: given,
        order: given.email === undefined ? undefined : operation.store.customers.where('email', given.email),
        // As at Stripe, customers of test clocks are listed only with their clock.
        matches: ({ created, test_clock: clock }) =>
          (clock ?? undefined) === given.test_clock && within(given.created, created),
      }),
  ),

  route('GET', '/v1/customers/:customer', params({}), (operation, _given, { customer }) => {
    const deleted = operation.store.deleted.get(customer);
    return deleted ?? findCustomer(operation, customer, 'id');
  }),

  route('POST', '/v1/customers/:customer', updateSchema, (operation, given, ids) => {
    const { store } = operation;
    const before = findCustomer(operation, ids.customer, 'id');
    const after = withDefaultMethod(
      operation,
      withFields(before, given),
      given.invoice_settings?.default_payment_method,
    );
    const previous = previousAttributes(before, after);
    if (Object.keys(previous).length > 0)
      operation.emit('customer.updated', store.customers.put(after), previous);
    setBalance(operation, after, given.balance, 'adjustment');
    return store.customers.get(before.id) ?? after;
  }),

  route('DELETE', '/v1/customers/:customer', noParams, (operation, _given, { customer: id }) => {
    const customer = findCustomer(operation, id, 'id');
    return deleteCustomer(operation.at(id), customer);
  }),

  route(
    'GET',
    '/v1/customers/:customer/payment_methods',
    listParams({ type: text.optional() }),
    (operation, given, { customer }) =>
      page(operation.store.paymentMethods, {
        url: `/v1/customers/${customer}/payment_methods`,
        params: given,
        order: operation.store.paymentMethods.where('customer', findCustomer(operation, customer, 'id').id),
        matches: ({ type }) => given.type === undefined || given.type === type,
      }),
  ),

  route('GET', '/v1/customers/:customer/payment_methods/:method', params({}), (operation, _given, ids) => {
    const method = findPaymentMethod(operation, ids.method, 'id');
    return method.customer === ids.customer ? method : findPaymentMethod(operation, '', 'id');
  }),
];
