import { EmptyState } from '../../components/empty-state.tsx';
import { Form } from '../../components/form.tsx';
import { accountPath } from '../paths.ts';
import { AddPaymentMethod } from './standing.tsx';

/** What is charged, and how to change it: cards are Stripe's business, on Stripe's pages. */
export function PaymentMethods({ hasPaymentMethod }: { readonly hasPaymentMethod: boolean }) {
  return (
    <section aria-labelledby="payment-methods">
      <h2 id="payment-methods">Payment method</h2>
      {hasPaymentMethod ? (
        <>
          <p>Your bills are charged to the card that you have left with Stripe.</p>
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
