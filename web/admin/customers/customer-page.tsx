import { Id, StatusBadge, Time } from '../../components/values.tsx';
import { customerPath } from '../components/customer.tsx';
import { Decisions } from './decisions.tsx';
import { listPath } from './filter.ts';
import { Records } from './records.tsx';
import { StateCard } from './state-card.tsx';
import type { CustomerView } from './view.ts';

interface CustomerPageProps {
  readonly view: CustomerView;
}

/** A customer: where they stand, what may be decided about them, and how it came to that. */
export function CustomerPage({ view }: CustomerPageProps) {
  const { mode, customer } = view;
  const { userId, email, registeredAt } = customer;
  return (
    <>
      <p class="card-head">
        <StatusBadge tone="neutral">{`${mode} mode`}</StatusBadge>
        <Id id={userId} />
        <span>{email}</span>
        <span>
          registered <Time at={registeredAt} />
        </span>
        <a href={listPath({ mode })}>{`All customers of ${mode} mode`}</a>
      </p>
      <section aria-labelledby="state-heading">
        <h2 id="state-heading">State</h2>
        <div aria-live="polite">
          <LiveState view={view} />
        </div>
      </section>
      <section aria-labelledby="decisions-heading">
        <h2 id="decisions-heading">Decide</h2>
        <div id="decisions">
          <Decisions view={view} />
        </div>
      </section>
      <div id="records">
        <Records mode={mode} customer={customer} />
      </div>
    </>
  );
}

/** What has changed since: the state, with all else that may have changed along with it. */
export function CustomerChanges({ view, offersShown }: CustomerPageProps & { readonly offersShown: string }) {
  return (
    <>
      <LiveState view={view} />
      <div id="records" hx-swap-oob="true">
        <Records mode={view.mode} customer={view.customer} />
      </div>
      {/* Only when others are offered now: what somebody types into a form stays. */}
      {offersShown === view.versions.offers ? null : (
        <div id="decisions" hx-swap-oob="true">
          <Decisions view={view} />
        </div>
      )}
    </>
  );
}

/** Asks for {@link CustomerChanges} every few seconds. */
function LiveState({ view: { mode, customer, versions } }: CustomerPageProps) {
  const since = new URLSearchParams({ since: versions.customer, offers: versions.offers });
  return (
    <div
      hx-get={`${customerPath(mode, customer.userId, 'changes')}?${since.toString()}`}
      hx-trigger="every 3s"
      hx-swap="outerHTML"
    >
      <StateCard mode={mode} customer={customer} />
    </div>
  );
}
