import type { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import { paymentMethodDetails } from '../../activities/payment-method-details.ts';

/** The simulator has cards only. */
const method: Stripe.PaymentMethod = {
  id: 'pm_1',
  object: 'payment_method',
  billing_details: {
    address: null,
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    phone: '+1 555',
    tax_id: null,
  },
  created: 1_790_000_000,
  customer: 'cus_1',
  customer_account: null,
  livemode: false,
  metadata: {},
  type: 'link',
};
const details = { id: 'pm_1', createdAt: new Date(1_790_000_000_000) };
const noCard = { brand: null, expMonth: null, expYear: null };

test('a bank account is shown by its last digits, without its bank', () => {
  const us_bank_account: Stripe.PaymentMethod.UsBankAccount = {
    account_holder_type: 'individual',
    account_type: 'checking',
    bank_name: 'Difference Engine Bank',
    financial_connections_account: null,
    fingerprint: 'fp',
    last4: '6789',
    networks: null,
    routing_number: '110000000',
    status_details: null,
  };
  expect(paymentMethodDetails({ ...method, type: 'us_bank_account', us_bank_account })).toEqual({
    ...details,
    ...noCard,
    type: 'us_bank_account',
    last4: '6789',
  });
  const sepa_debit: Stripe.PaymentMethod.SepaDebit = {
    bank_code: '37040044',
    branch_code: null,
    country: 'DE',
    fingerprint: 'fp',
    generated_from: null,
    last4: '3000',
  };
  expect(paymentMethodDetails({ ...method, type: 'sepa_debit', sepa_debit })).toEqual({
    ...details,
    ...noCard,
    type: 'sepa_debit',
    last4: '3000',
  });
});

test('what has no number is shown by its type, and never by an e-mail address', () => {
  const link: Stripe.PaymentMethod.Link = { email: 'ada@example.com' };
  expect(paymentMethodDetails({ ...method, link })).toEqual({
    ...details,
    ...noCard,
    type: 'link',
    last4: null,
  });
});
