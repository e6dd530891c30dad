import { BILLING_STATUSES, WAITING_FOR } from '../../../domain/customer-standing.ts';
import { tabPath } from '../tabs.ts';
import { isNarrowed, type ListedCustomers, listPath } from './filter.ts';
import { waitingWords } from './words.ts';

const LONGEST_SEARCH = 254;

/** Asks for whom the list shows. Changes nothing, so it needs no token, and its answer has an address. */
export function FilterForm({ filter }: { readonly filter: ListedCustomers }) {
  const { mode, search, status, waitingFor } = filter;
  return (
    <section aria-label="Search">
      <form method="get" action={tabPath('customers')}>
        <input type="hidden" name="mode" value={mode} />
        <div class="grid">
          <div>
            <label for="search">Search</label>
            <input
              id="search"
              name="search"
              type="search"
              maxLength={LONGEST_SEARCH}
              autocomplete="off"
              placeholder="Part of an id, name or e-mail"
              value={search}
            />
          </div>
          <div>
            <label for="status">Status</label>
            <select id="status" name="status">
              <option value="">any</option>
              {BILLING_STATUSES.map((each) => (
                <option key={each} value={each} selected={each === status}>
                  {each}
                </option>
              ))}
            </select>
          </div>
          <div>
            <label for="waitingFor">Waits for</label>
            <select id="waitingFor" name="waitingFor">
              <option value="">anything or nothing</option>
              {WAITING_FOR.map((each) => (
                <option key={each} value={each} selected={each === waitingFor}>
                  {waitingWords(each)}
                </option>
              ))}
            </select>
          </div>
        </div>
        <button type="submit">Search</button>
        {isNarrowed(filter) ? (
          <p>
            <a href={listPath({ mode })}>Clear the search</a>
          </p>
        ) : null}
      </form>
    </section>
  );
}
