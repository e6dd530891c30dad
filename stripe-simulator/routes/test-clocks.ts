/** Clocks of their own for some customers. https://docs.stripe.com/billing/testing/test-clocks */
import { addInterval } from '../behaviour/billing-cycle.ts';
import { deleteCustomer } from '../behaviour/customer-deletion.ts';
import { findTestClock } from '../behaviour/find.ts';
import { DAY_SECONDS } from '../clock.ts';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { page } from '../list.ts';
import type { Operation } from '../operation.ts';
import { listParams, noParams, params, text, timestamp } from '../params.ts';
import { route } from '../router.ts';
import type { TestClock } from '../wire.ts';

/** Stripe deletes a test clock by itself after 30 days. */
const KEPT_SECONDS = 30 * DAY_SECONDS;
const TWO_YEARS_SECONDS = 2 * 366 * DAY_SECONDS;

/** How far it may be advanced at once: two intervals of its shortest subscription, or two years. */
function furthest({ store }: Operation, clock: TestClock): number {
  const ends = store.customers
    .all('test_clock', clock.id)
    .flatMap(({ id }) => store.subscriptions.all('customer', id))
    .filter(({ status }) => status !== 'canceled' && status !== 'incomplete_expired')
    .flatMap(({ items }) => items.data)
    .flatMap(({ price: { recurring } }) =>
      recurring === null
        ? []
        : [
            addInterval(clock.frozen_time, {
              interval: recurring.interval,
              interval_count: recurring.interval_count * 2,
            }),
          ],
    );
  return Math.min(clock.frozen_time + TWO_YEARS_SECONDS, ...ends);
}

function requireAdvance(operation: Operation, clock: TestClock, target: number): void {
  const refuse = (message: string) => invalidRequest(message, { param: 'frozen_time' });
  if (clock.status !== 'ready') throw refuse('The test clock is still advancing.');
  if (target <= clock.frozen_time) {
    throw refuse("The specified frozen time must be after the test clock's current frozen time.");
  }
  if (target > furthest(operation, clock)) {
    throw refuse(
      'Cannot advance a test clock by more than two intervals of its shortest subscription, or two years, at once.',
    );
  }
}

/** `/v1/test_helpers/test_clocks`. An advance is answered at once as `advancing`; what is due happens after it. */
export const testClockRoutes = [
  route(
    'POST',
    '/v1/test_helpers/test_clocks',
    params({ frozen_time: timestamp, name: text.optional() }),
    (operation, given) => {
      if (operation.livemode) throw invalidRequest('Test clocks can only be used in test mode.');
      const clock = operation.store.testClocks.put({
        id: newId('clock'),
        object: 'test_helpers.test_clock',
        created: operation.now,
        deletes_after: operation.now + KEPT_SECONDS,
        frozen_time: given.frozen_time,
        livemode: operation.livemode,
        name: given.name ?? null,
        status: 'ready',
        status_details: {},
      });
      operation.emit('test_helpers.test_clock.created', clock);
      return clock;
    },
  ),

  route('GET', '/v1/test_helpers/test_clocks', listParams({}), (operation, given) =>
    page(operation.store.testClocks, { url: '/v1/test_helpers/test_clocks', params: given }),
  ),

  route('GET', '/v1/test_helpers/test_clocks/:clock', params({}), (operation, _given, { clock }) =>
    findTestClock(operation, clock),
  ),

  route('DELETE', '/v1/test_helpers/test_clocks/:clock', noParams, (operation, _given, ids) => {
    const { store } = operation;
    const clock = findTestClock(operation, ids.clock);
    for (const customer of store.customers.all('test_clock', clock.id)) deleteCustomer(operation, customer);
    for (const task of store.tasks.all('test_clock', clock.id)) store.tasks.remove(task.id);
    store.testClocks.remove(clock.id);
    operation.emit('test_helpers.test_clock.deleted', clock);
    return { id: clock.id, object: 'test_helpers.test_clock', deleted: true };
  }),

  route(
    'POST',
    '/v1/test_helpers/test_clocks/:clock/advance',
    params({ frozen_time: timestamp }),
    (operation, given, ids) => {
      const clock = findTestClock(operation, ids.clock);
      requireAdvance(operation, clock, given.frozen_time);
      const advancing = operation.store.testClocks.put({
        ...clock,
        status: 'advancing',
        status_details: { advancing: { target_frozen_time: given.frozen_time } },
      });
      operation.emit('test_helpers.test_clock.advancing', advancing);
      operation.schedule('advance_test_clock', clock.id, 0);
      return advancing;
    },
  ),
];
