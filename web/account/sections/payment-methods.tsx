import type { ShownPaymentMethod } from '../../../db/payment-methods.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form } from '../../components/form.tsx';
import { StatusBadge } from '../../components/values.tsx';
import { accountPath } from '../paths.ts';
import type { PaymentMethodsView } from '../view.ts';
import { AddPaymentMethod } from './standing.tsx';

/** What is charged, and how to change it: cards are Stripe's business, on Stripe's pages. */
export function PaymentMethods({
  paymentMethods: { isKnown, listed },
}: {
  readonly paymentMethods: PaymentMethodsView;
}) {
  return (
    <section aria-labelledby="payment-methods">
      <h2 id="payment-methods">Payment method</h2>
      {isKnown ? (
        <>
          {listed.length === 0 ? <p>Your bills are charged to what you have left with Stripe.</p> : null}
          <ul class="plain">
            {listed.map((method) => (
              <li key={method.id}>
                {nameOf(method)} {method.isDefault ? <StatusBadge tone="good">charged</StatusBadge> : null}
              </li>
            ))}
          </ul>
          <div class="choices">
            <AddPaymentMethod label="Add another card" isSecondary />
            <Form action={accountPath('billing-portal')}>
              <button type="submit" class="secondary">
                Replace or remove cards
              </button>
            </Form>
          </div>
        </>
      ) : (
        <EmptyState title="There is no card yet.">
          <AddPaymentMethod label="Add a card" />
        </EmptyState>
      )}
    </section>
  );
}

/** `Visa ending in 4242, expires 12/2039` */
function nameOf({ type, brand, last4, expMonth, expYear }: ShownPaymentMethod): string {
  const kind = (brand ?? type).replaceAll('_', ' ');
  const name = kind.charAt(0).toUpperCase() + kind.slice(1);
  const ending = last4 === null ? '' : ` ending in ${last4}`;
  const expiry =
    expMonth === null || expYear === null ? '' : `, expires ${String(expMonth).padStart(2, '0')}/${expYear}`;
  return `${name}${ending}${expiry}`;
}
