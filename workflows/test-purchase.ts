import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { TestPayment } from '../activities/test-purchase.ts';
import { STRIPE_EVENT_SIGNAL } from '../domain/customer-workflow.ts';
import { inWords } from '../domain/in-words.ts';
import { formatCents } from '../domain/money.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { withRequest } from '../domain/stripe-failure.ts';
import {
  countOfCredits,
  priceOfCredits,
  TEST_PURCHASE_STATE_QUERY,
  type TestPurchaseInput,
  type TestPurchaseResult,
  type TestPurchaseState,
} from '../domain/test-purchase.ts';
import { billingActivities } from './activities.ts';
import { parkedStepOf } from './parked-step.ts';
import { billingModeKey, stripeCustomerIdKey } from './search-attributes.ts';
import { summary } from './summary.ts';
import { TestPurchase } from './test-purchase-state.ts';

const stripeEventSignal = defineSignal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL);
const testPurchaseStateQuery = defineQuery<TestPurchaseState>(TEST_PURCHASE_STATE_QUERY);

const MINUTE_MS = 60_000;
/** A webhook may be lost: after so long without one the payment is looked at, then after twice as long, and so on. */
const FIRST_LOOK_AFTER_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 60 * MINUTE_MS;
/** How long an owner may take to authenticate, and an operator to mend what Stripe refuses. */
const GIVES_UP_AFTER_MS = 24 * 60 * MINUTE_MS;

/** There is no time left to carry the purchase out. */
class OutOfTime extends Error {}

/**
 * Buys credits with a test card, in test mode, and shows each step. A declined card is an end, not a failure; one that wants
 * its owner gives a link, and waits for a day. A request to cancel it is not heeded.
 */
export async function testPurchaseWorkflow(input: TestPurchaseInput): Promise<TestPurchaseResult> {
  return await CancellationScope.nonCancellable(async () => {
    const purchase = new TestPurchase(input);
    setHandler(stripeEventSignal, (event) => purchase.receive(event), {
      description: 'Stripe says that something about the payment changed; it is fetched anew.',
    });
    setHandler(testPurchaseStateQuery, () => purchase.state, {
      description:
        'Where the purchase stands, its steps, and the link when it waits for the owner of the card.',
    });
    upsertSearchAttributes([{ key: billingModeKey, value: 'test' }]);
    try {
      await buy(purchase, input);
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
      // What it stands still for stays as the reason.
      purchase.change({ status: 'expired', link: null });
    }
    await save(purchase, purchase.takeEvents());
    return purchase.result();
  });
}

async function buy(purchase: TestPurchase, input: TestPurchaseInput): Promise<void> {
  const { userId, credits, card } = input;
  purchase.begin('customer', `Making sure that ${userId} is a customer in test mode`);
  const stripeCustomerId = await carryOut(purchase, () =>
    billingActivities.registerTestBuyer.executeWithOptions({ summary: `${userId} in test mode` }, [input]),
  );
  upsertSearchAttributes([{ key: stripeCustomerIdKey, value: stripeCustomerId }]);
  purchase.change({ stripeCustomerId });
  purchase.finish('customer', `${userId} is ${stripeCustomerId} in test mode`);

  purchase.begin('product', 'Looking up what is bought');
  const product = await carryOut(purchase, () => billingActivities.findTestProduct());
  purchase.finish(
    'product',
    `${product.productName} (${product.stripeProductId}), named by ${product.namedBy}`,
  );

  const amountCents = priceOfCredits(credits, product.unitPriceCents);
  const charge = `${formatCents(amountCents)} for ${countOfCredits(credits)}, card: ${card}`;
  purchase.begin('payment', `Charging ${charge}`);
  const created = await carryOut(purchase, () =>
    billingActivities.createTestPayment.executeWithOptions({ summary: charge }, [
      { ...input, stripeCustomerId, product, amountCents },
    ]),
  );
  const { paymentIntentId } = created;
  purchase.change({ paymentIntentId });
  purchase.finish('payment', `${charge}: ${inWords(created.outcome)} (${paymentIntentId})`);

  const payment = await settled(purchase, created);
  if (payment.outcome === 'succeeded') {
    purchase.begin('credits', `Granting ${countOfCredits(credits)}`);
    await carryOut(purchase, () => billingActivities.grantTestCredits({ ...input, paymentIntentId }));
    purchase.finish('credits', `${countOfCredits(credits)} granted`);
    purchase.change({ status: 'succeeded' });
  } else if (payment.outcome === 'declined') {
    const { code = null, message = null } = payment.decline ?? {};
    purchase.change({ status: 'declined', declineCode: code, problem: message });
  } else {
    const problem =
      timeLeftMs() > 0 ? 'The payment was canceled in Stripe.' : 'Nobody has authenticated in time.';
    purchase.change({ status: 'expired', problem });
  }
}

/**
 * Waits until the payment is settled: for Stripe's webhook, and where that does not come, by looking at it now and then. What is
 * true is only ever taken from a look, not from what the creation or a webhook has said.
 */
async function settled(purchase: TestPurchase, created: TestPayment): Promise<TestPayment> {
  const { paymentIntentId } = created;
  let payment = created;
  for (let waitMs = FIRST_LOOK_AFTER_MS; ; ) {
    purchase.waitFor(payment.outcome === 'requires_action' ? 'owner' : 'webhook', payment.link);
    await save(purchase);
    const hasCome = await condition(() => purchase.hasEvents, Math.min(waitMs, timeLeftMs()));
    if (!hasCome && timeLeftMs() <= 0) break;
    if (!hasCome) waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);

    const events = purchase.takeEvents();
    const summary = events[0]?.type ?? 'no webhook has come';
    payment = await carryOut(purchase, () =>
      billingActivities.lookAtTestPayment.executeWithOptions({ summary }, [{ paymentIntentId }]),
    );
    const isSettled = payment.outcome !== 'processing' && payment.outcome !== 'requires_action';
    if (isSettled) purchase.change({ status: 'processing', link: null });
    if (isSettled && !hasCome) purchase.begin('look', `No webhook has come; Stripe says: ${payment.outcome}`);
    await save(purchase, events);
    if (isSettled) return payment;
  }
  const canceled = await carryOut(purchase, () => billingActivities.cancelTestPayment({ paymentIntentId }));
  purchase.begin('look', `Waited for long enough; the payment is ${canceled.outcome}`);
  purchase.change({ status: 'processing', link: null });
  return canceled;
}

/** Does a step. What Stripe refuses for good is shown, and tried again now and then, as long as there is time. */
async function carryOut<Result>(purchase: TestPurchase, step: () => Promise<Result>): Promise<Result> {
  for (let waitMs = MINUTE_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    await save(purchase);
    try {
      const result = await step();
      if (purchase.state.problem !== null) purchase.change({ problem: null });
      return result;
    } catch (error) {
      const { message, stripeRequestId } = parkedStepOf(error);
      purchase.change({ problem: withRequest(message, stripeRequestId) });
    }
    if (timeLeftMs() <= 0) throw new OutOfTime();
    await save(purchase);
    await sleep(Math.min(waitMs, timeLeftMs()));
  }
}

/** Shows the admin page what is new. */
async function save(purchase: TestPurchase, events: readonly StripeEventEnvelope[] = []): Promise<void> {
  const { state } = purchase;
  if (purchase.savedState === state && events.length === 0) return;
  purchase.savedState = state;
  const options = { summary: summary(`${state.status}: ${state.steps.at(-1)?.detail ?? 'begins'}`) };
  await billingActivities.saveTestPurchase.executeWithOptions(options, [{ state, events }]);
}

function timeLeftMs(): number {
  return Math.max(0, workflowInfo().startTime.getTime() + GIVES_UP_AFTER_MS - Date.now());
}
