import type { ComponentChildren } from 'preact';
import { MAX_EXTENSION_DAYS } from '../../../domain/operator-decisions.ts';
import { Form } from '../../components/form.tsx';
import { customerPath } from '../components/customer.tsx';
import { ByField, DecisionId, ReasonField } from '../components/decision.tsx';
import type { CustomerView } from './view.ts';

/** What an operator may decide now, each behind its name; and of the rest why it may not be. */
export function Decisions({ view }: { readonly view: CustomerView }) {
  const { mode, customer, offers } = view;
  const address = (decision: string) => customerPath(mode, customer.userId, decision);
  if (customer.stripeCustomerId === null) return <p>{offers.suspend}</p>;
  return (
    <>
      <Decision name="Extend the grace period" whyNot={offers.extendGrace}>
        <Form action={address('extend-grace')}>
          <DecisionId />
          <div class="grid">
            <div>
              <label for="days">Days from now</label>
              <input
                id="days"
                name="days"
                type="number"
                inputMode="numeric"
                min={offers.fewestDays}
                max={MAX_EXTENSION_DAYS}
                step={1}
                required
                value={Math.max(7, offers.fewestDays)}
                aria-describedby="days-hint"
              />
              <small id="days-hint">
                {`${offers.fewestDays} to ${MAX_EXTENSION_DAYS}: it can only be made to end later.`}
              </small>
            </div>
            <div>
              <ByField id="extend-by" />
            </div>
          </div>
          <button type="submit">Extend the grace period</button>
        </Form>
      </Decision>
      <Decision name="Suspend" whyNot={offers.suspend}>
        <p>Access ends at once, until an operator gives it back. Usage goes on being billed.</p>
        <Form action={address('suspend')}>
          <DecisionId />
          <div class="grid">
            <div>
              <ReasonField id="suspend-reason" />
            </div>
            <div>
              <ByField id="suspend-by" />
            </div>
          </div>
          <button type="submit">Suspend</button>
        </Form>
      </Decision>
      <Decision name="Reactivate" whyNot={offers.reactivate}>
        <p>Lifts the suspension; where they stand then is for the rules of billing to say.</p>
        <Form action={address('reactivate')}>
          <DecisionId />
          <ByField id="reactivate-by" />
          <button type="submit">Reactivate</button>
        </Form>
      </Decision>
    </>
  );
}

interface DecisionProps {
  readonly name: string;
  readonly whyNot: string | null;
  readonly children: ComponentChildren;
}

/** Closed at first: it takes more than one press. */
function Decision({ name, whyNot, children }: DecisionProps) {
  if (whyNot !== null)
    return (
      <p>
        <strong>{name}</strong> is not possible now. {whyNot}
      </p>
    );
  return (
    <details>
      <summary>
        <strong>{name}</strong>
      </summary>
      {children}
    </details>
  );
}
