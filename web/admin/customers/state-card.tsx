import type { Customer } from '../../../api/admin/customers/schema.ts';
import type { Mode } from '../../../domain/mode.ts';
import { Progress } from '../../components/progress.tsx';
import { Id, Money, StatusBadge, Time } from '../../components/values.tsx';
import { BillingStatusBadge, CustomerWorkflowLink } from '../components/customer.tsx';
import { type Fact, Facts } from '../components/facts.tsx';
import { Notices } from './notices.tsx';
import { STATUS_SENTENCES, waitingWords } from './words.ts';

interface StateCardProps {
  readonly mode: Mode;
  readonly customer: Customer;
}

/** Where a customer stands, as their workflow sees them; as the database has them where it says nothing. */
export function StateCard({ mode, customer }: StateCardProps) {
  const { status } = customer.state ?? customer;
  return (
    <article>
      <header class="card-head">
        {status === 'unknown' ? (
          <StatusBadge tone="waiting">not looked at yet</StatusBadge>
        ) : (
          <BillingStatusBadge status={status} />
        )}
        <strong>{STATUS_SENTENCES[status]}</strong>
      </header>
      <Notices customer={customer} />
      <UnderWay customer={customer} />
      <Facts facts={[...factsOfStanding(customer), ...factsOfStripe(mode, customer)]} />
    </article>
  );
}

function UnderWay({ customer: { state } }: Pick<StateCardProps, 'customer'>) {
  // What is parked does not go on by itself.
  if (state === null || state.parked !== null) return null;
  if (state.status === 'unknown') return <Progress label="Billing looks at them" />;
  if (state.queuedEvents === 0) return null;
  return (
    <>
      <p>{`Events on their way: ${state.queuedEvents}.`}</p>
      <Progress label="Events are applied" />
    </>
  );
}

function factsOfStanding(customer: Customer): Fact[] {
  const { state, stripeCustomerId, clusterId, owedCents } = customer;
  const { status, waitingFor, reason, since, stripeObjectId, graceEndsAt } = state ?? customer;
  return [
    { name: 'Why', value: reason === '' ? null : reason },
    { name: 'Because of', value: stripeObjectId === null ? null : <Id id={stripeObjectId} /> },
    { name: 'Since', value: since === null ? null : <Time at={since} /> },
    { name: 'Waits for', value: stripeCustomerId === null ? null : waitingWords(waitingFor) },
    { name: 'Grace period ends', value: graceEndsAt === null ? null : <Time at={graceEndsAt} /> },
    { name: 'Billing looks again', value: state === null || status === 'unknown' ? null : nextLook(state) },
    { name: 'Owes', value: <Money cents={owedCents} /> },
    { name: 'Cluster', value: clusterId === null ? 'none' : <Id id={clusterId} /> },
  ];
}

function nextLook({ nextLookAt }: NonNullable<Customer['state']>) {
  if (nextLookAt === null) return 'at the next event or decision';
  return (
    <>
      <Time at={nextLookAt} />, or at an event before
    </>
  );
}

function factsOfStripe(mode: Mode, customer: Customer): Fact[] {
  const { state, stripeCustomerId, stripeSubscriptionId, defaultPaymentMethodId } = customer;
  return [
    {
      name: 'Workflow',
      value:
        stripeCustomerId === null ? (
          'none yet'
        ) : (
          <CustomerWorkflowLink mode={mode} stripeCustomerId={stripeCustomerId} id="workflow" />
        ),
    },
    { name: 'Subscription', value: idOr('none', stripeSubscriptionId) },
    { name: 'Payment method', value: idOr('none', defaultPaymentMethodId) },
    { name: 'Events', value: state === null ? null : countsOf(state) },
    {
      name: 'Last event',
      value:
        state === null || state.lastEvent === null ? null : (
          <>
            {state.lastEvent.type} of <Id id={state.lastEvent.objectId} />
          </>
        ),
    },
  ];
}

function countsOf({ appliedEvents, duplicateEvents, queuedEvents }: NonNullable<Customer['state']>): string {
  return `${appliedEvents} applied, ${duplicateEvents} repeated, ${queuedEvents} waiting`;
}

function idOr(otherwise: string, id: string | null) {
  return id === null ? otherwise : <Id id={id} />;
}
