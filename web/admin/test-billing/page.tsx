import type { TestBillingOverview } from '../../../api/admin/test-billing/overview.ts';
import type { UserChoice } from '../../../db/user-lists.ts';
import { WEBHOOK_PATHS } from '../../../domain/stripe-event.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Money, Time } from '../../components/values.tsx';
import { BillingStatusBadge, CustomerWorkflowLink } from '../components/customer.tsx';
import { PurchaseCard } from './purchase-card.tsx';
import { NewPurchase, type PurchaseForm } from './purchase-form.tsx';
import { NewWebhookTest } from './webhook-tests/form.tsx';

interface TestBillingPageProps {
  readonly form: PurchaseForm;
  readonly users: readonly UserChoice[];
  readonly overview: TestBillingOverview;
}

/** The tab: start a purchase and watch it; and what test mode has made of all before. */
export function TestBillingPage({ form, users, overview }: TestBillingPageProps) {
  const { purchases, credits, subscriptions, events } = overview;
  return (
    <>
      <p>
        Buys credits in Stripe's test mode, all the way: payment, webhook, credits. No real charges occur.
      </p>
      <section aria-labelledby="new-purchase">
        <h2 id="new-purchase">New test purchase</h2>
        <NewPurchase form={form} users={users} />
      </section>
      <section aria-labelledby="purchases" aria-live="polite">
        <h2 id="purchases">Purchases</h2>
        {purchases.length === 0 ? (
          <EmptyState title="No test purchase yet.">
            Choose a user and a card above, and start one: each of its steps then shows here.
          </EmptyState>
        ) : (
          purchases.map((purchase) => <PurchaseCard key={purchase.id} purchase={purchase} />)
        )}
      </section>
      <section aria-labelledby="new-webhook-test">
        <h2 id="new-webhook-test">Test webhook processing</h2>
        <p>
          Sends an event about what a user really has in Stripe's test mode to our own endpoint, signed as
          Stripe signs, and shows each step of it. It changes nothing that is not so in Stripe.
        </p>
        <NewWebhookTest users={users} />
      </section>
      <section>
        <h2>Test credits</h2>
        <Table
          caption="Test credits"
          columns={CREDIT_COLUMNS}
          rows={credits}
          keyOf={({ userId }) => userId}
          empty={
            <EmptyState title="Nobody has test credits.">
              A test purchase that succeeds grants some.
            </EmptyState>
          }
        />
      </section>
      <section>
        <h2>Test subscriptions</h2>
        <Table
          caption="Test subscriptions"
          columns={SUBSCRIPTION_COLUMNS}
          rows={subscriptions}
          keyOf={({ userId }) => userId}
          empty={
            <EmptyState title="Nobody has a test subscription.">
              Have a user of a test API key add a card: POST /api/users/USER/checkout-sessions.
            </EmptyState>
          }
        />
      </section>
      <section>
        <h2>Last events from Stripe</h2>
        <Table
          caption="Last events from Stripe"
          columns={EVENT_COLUMNS}
          rows={events}
          keyOf={({ eventId }) => eventId}
          empty={
            <EmptyState title="No event of test mode has had an effect yet.">
              {`Stripe sends them to ${WEBHOOK_PATHS.test} once something happens to a customer.`}
            </EmptyState>
          }
        />
      </section>
    </>
  );
}

const CREDIT_COLUMNS: readonly Column<TestBillingOverview['credits'][number]>[] = [
  { name: 'User', cell: ({ userId }) => userId },
  { name: 'Credits left', cell: ({ balanceCents: cents }) => <Money cents={cents} />, isFigure: true },
];

const SUBSCRIPTION_COLUMNS: readonly Column<TestBillingOverview['subscriptions'][number]>[] = [
  { name: 'User', cell: ({ userId, name }) => `${name} (${userId})` },
  { name: 'Status', cell: ({ status }) => <BillingStatusBadge status={status} /> },
  { name: 'Why', cell: ({ reason }) => reason },
  { name: 'Subscription', cell: ({ stripeSubscriptionId: id }) => (id === null ? '' : <Id id={id} />) },
  {
    name: 'Workflow',
    cell: ({ stripeCustomerId: id }) =>
      id === null ? '' : <CustomerWorkflowLink mode="test" stripeCustomerId={id} />,
  },
];

const EVENT_COLUMNS: readonly Column<TestBillingOverview['events'][number]>[] = [
  { name: 'Applied', cell: ({ appliedAt }) => <Time at={appliedAt} /> },
  { name: 'Type', cell: ({ type }) => type },
  { name: 'Object', cell: ({ objectId }) => <Id id={objectId} /> },
  {
    name: 'Workflow',
    cell: ({ stripeCustomerId: id }) => <CustomerWorkflowLink mode="test" stripeCustomerId={id} />,
  },
];
