import { HANDLED_EVENT_TYPES, TEST_PURCHASE_EVENT_TYPES } from '../../../domain/stripe-event.ts';
import { WEBHOOK_OUTCOMES } from '../../../domain/webhook-receipt.ts';
import { tabPath } from '../tabs.ts';
import type { EventsFilter } from './paths.ts';

/** Narrows the list. It only reads, so it is sent by GET: an address says all of it. */
export function FilterForm({ filter }: { readonly filter: EventsFilter }) {
  const { mode, outcome = '', type = '' } = filter;
  return (
    <form method="get" action={tabPath('events')} class="filter">
      <input type="hidden" name="mode" value={mode} />
      <div>
        <label for="outcome">Outcome</label>
        <select id="outcome" name="outcome">
          <option value="">Any</option>
          {WEBHOOK_OUTCOMES.map((each) => (
            <option key={each} value={each} selected={each === outcome}>
              {each}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="type">Type</label>
        <input
          id="type"
          name="type"
          list="types"
          maxLength={255}
          autocomplete="off"
          placeholder="Any, or such as invoice.paid"
          value={type}
        />
        <datalist id="types">
          {[...HANDLED_EVENT_TYPES, ...TEST_PURCHASE_EVENT_TYPES].map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </div>
      <button type="submit" class="secondary">
        Show
      </button>
    </form>
  );
}
