import type { TestPurchaseStatus } from '../../../domain/test-purchase.ts';
import { Progress } from '../../components/progress.tsx';
import { StatusBadge, Time, type Tone } from '../../components/values.tsx';
import { WorkflowLink } from '../components/workflow-link.tsx';
import { tabPath } from '../tabs.ts';
import { CARD_WORDS } from './purchase-form.tsx';
import { hasEnded, type TestPurchase } from './test-purchases.ts';

const STATUSES: Readonly<Record<TestPurchaseStatus, { readonly tone: Tone; readonly words: string }>> = {
  processing: { tone: 'waiting', words: 'processing' },
  requires_action: { tone: 'waiting', words: 'waits for the confirmation' },
  succeeded: { tone: 'good', words: 'succeeded' },
  declined: { tone: 'bad', words: 'declined' },
  expired: { tone: 'bad', words: 'expired' },
};

/** A purchase with its steps. While it is under way the page asks every two seconds whether there is something new. */
export function PurchaseCard({ purchase }: { readonly purchase: TestPurchase }) {
  const { purchaseId, userId, credits, card, status, problem, link, steps, createdAt } = purchase;
  const { tone, words } = STATUSES[status];
  const heading = `purchase-${purchaseId}`;
  return (
    <article aria-labelledby={heading} {...(hasEnded(purchase) ? {} : asksAgain(purchase))}>
      <header class="card-head">
        <h3 id={heading}>{`${credits} credits for ${userId}`}</h3>
        <StatusBadge tone={tone}>{words}</StatusBadge>
        <Time at={createdAt} />
        <WorkflowLink workflowId={`test-purchase:${purchaseId}`} id={`workflow-${purchaseId}`}>
          Workflow
        </WorkflowLink>
      </header>
      <p>{`Card ${CARD_WORDS[card]}.`}</p>
      {problem === null ? null : <p>{problem}</p>}
      {steps.length === 0 ? null : (
        <ol class="steps">
          {steps.map(({ at, detail }) => (
            <li key={`${at} ${detail}`}>
              <Time at={new Date(at)} /> {detail}
            </li>
          ))}
        </ol>
      )}
      {status === 'requires_action' && link !== null ? (
        <p>
          <a href={link} id={`confirm-${purchaseId}`} target="_blank" rel="noreferrer">
            Confirm it on Stripe's page
          </a>
        </p>
      ) : null}
      {hasEnded(purchase) ? null : <Progress label="Under way" />}
    </article>
  );
}

/** What is as it was is not sent again: so nothing is read out twice, and the focus stays where it is. */
function asksAgain({ purchaseId, updatedAt }: TestPurchase) {
  const since = `?since=${updatedAt.getTime()}`;
  return {
    'hx-get': `${tabPath('test-billing', 'purchases', purchaseId)}${since}`,
    'hx-trigger': 'every 2s',
    'hx-swap': 'outerHTML',
  };
}
