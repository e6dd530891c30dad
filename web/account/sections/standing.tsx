import type { AccountTask } from '../../../domain/account-status.ts';
import { Form } from '../../components/form.tsx';
import { StripeLink } from '../../components/stripe-link.tsx';
import { StatusBadge } from '../../components/values.tsx';
import { accountPath } from '../paths.ts';
import type { StandingView } from '../view.ts';

/** Where the user stands and what they can do about it. It asks every few seconds whether that has changed. */
export function Standing({ standing }: { readonly standing: StandingView }) {
  const { status, clusterId, version } = standing;
  return (
    <section
      aria-labelledby="standing"
      aria-live="polite"
      hx-get={`${accountPath('standing')}?since=${version}`}
      hx-trigger="every 3s"
      hx-swap="outerHTML"
    >
      <article class="standing">
        <header class="card-head">
          <h2 id="standing">{status.headline}</h2>
          <StatusBadge tone={status.tone}>{TONE_WORDS[status.tone]}</StatusBadge>
        </header>
        <p>{status.text}</p>
        {clusterId === null ? null : <p>{`Your cluster: ${clusterId}`}</p>}
        {status.task === null ? null : <Task task={status.task} standing={standing} />}
      </article>
    </section>
  );
}

const TONE_WORDS = {
  good: 'in order',
  waiting: 'attention',
  bad: 'no access',
  neutral: 'new',
} as const;

function Task({
  task,
  standing: { payUrl },
}: {
  readonly task: AccountTask;
  readonly standing: StandingView;
}) {
  switch (task) {
    case 'add_payment_method':
      return <AddPaymentMethod label="Add a card" />;
    case 'pay':
      return (
        <div class="choices">
          <StripeLink role="button" href={payUrl}>
            Pay now
          </StripeLink>
          <AddPaymentMethod label="Add another card" isSecondary />
        </div>
      );
    case 'wait':
    case 'ask':
      return null;
  }
}

interface AddPaymentMethodProps {
  readonly label: string;
  readonly isSecondary?: boolean;
}

/** Leads to Stripe's page for adding a card. */
export function AddPaymentMethod({ label, isSecondary = false }: AddPaymentMethodProps) {
  return (
    <Form action={accountPath('payment-methods')}>
      <button type="submit" class={isSecondary ? 'secondary' : undefined}>
        {label}
      </button>
    </Form>
  );
}
