import { type BillingPeriod, periodEnd } from '../../../domain/billing-period.ts';
import { dayInWords, monthInWords } from '../../words.ts';

interface SubscriptionProps {
  readonly hasSubscription: boolean;
  /** The running month. */
  readonly period: BillingPeriod;
}

/** What the user has agreed to, and when the next bill is made. */
export function Subscription({ hasSubscription, period }: SubscriptionProps) {
  return (
    <section aria-labelledby="subscription">
      <h2 id="subscription">Subscription</h2>
      {hasSubscription ? (
        <p>
          {`You pay for what you use, each month for the month before. The bill of ${monthInWords(period)} is made on ${dayInWords(periodEnd(period))}, in UTC, and charged to your card after your credits are used up.`}
        </p>
      ) : (
        <p>You have none yet: it begins when you add a card.</p>
      )}
    </section>
  );
}
