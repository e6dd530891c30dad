import type { Customer } from '../../../api/admin/customers/schema.ts';
import { Id } from '../../components/values.tsx';

/** What a person should know before all else, and see to: a step that is parked, sentences of attention, who was not told. */
export function Notices({ customer }: { readonly customer: Customer }) {
  const { state, stateProblem, stripeCustomerId } = customer;
  return (
    <>
      {stateProblem === null ? null : (
        <p class="flash">
          {stateProblem}{' '}
          {stripeCustomerId === null
            ? 'The host product begins one: POST /api/users/USER/checkout-sessions.'
            : 'This is what the database has of them.'}
        </p>
      )}
      {state === null || state.parked === null ? null : <Parked step={state.parked} />}
      {state?.attention.map((sentence) => (
        <p class="flash waiting" key={sentence}>
          {sentence}
        </p>
      ))}
      {state === null || state.hostProblem === null ? null : (
        <p class="flash bad">{`The host product has not been told of the last change: ${state.hostProblem}`}</p>
      )}
    </>
  );
}

type ParkedStep = NonNullable<NonNullable<Customer['state']>['parked']>;

function Parked({ step: { step, message, stripeRequestId } }: { readonly step: ParkedStep }) {
  return (
    <div class="flash bad">
      <p>
        <strong>Parked:</strong> Stripe has refused the step {step}. {message}
      </p>
      <p>
        {stripeRequestId === null ? null : (
          <>
            Stripe's support finds the request by its id, <Id id={stripeRequestId} />.{' '}
          </>
        )}
        Mend what it says: the next event, or one that is sent again, has the step tried once more.
      </p>
    </div>
  );
}
