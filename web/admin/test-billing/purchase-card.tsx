import type { PurchaseWithSteps } from '../../../api/admin/test-billing/purchases.ts';
import {
  countOfCredits,
  isEnded,
  type TestPurchaseStatus,
  testPurchaseWorkflowId,
} from '../../../domain/test-purchase.ts';
import { versionOf } from '../../changes.ts';
import { Progress } from '../../components/progress.tsx';
import { StatusBadge, Time, type Tone } from '../../components/values.tsx';
import { WorkflowLink } from '../components/workflow-link.tsx';
import { tabPath } from '../tabs.ts';
import { CARD_WORDS } from './purchase-form.tsx';

const STATUSES: Readonly<Record<TestPurchaseStatus, { readonly tone: Tone; readonly words: string }>> = {
  processing: { tone: 'waiting', words: 'processing' },
  requires_action: { tone: 'waiting', words: 'waits for the confirmation' },
  succeeded: { tone: 'good', words: 'succeeded' },
  declined: { tone: 'bad', words: 'declined' },
  expired: { tone: 'bad', words: 'expired' },
};

/** A purchase with its steps. While it is under way the page asks every two seconds whether there is something new. */
export function PurchaseCard({ purchase }: { readonly purchase: PurchaseWithSteps }) {
  const { id, userId, credits, card, status, problem, link, steps, createdAt } = purchase;
  const { tone, words } = STATUSES[status];
  const heading = `purchase-${id}`;
  return (
    <article aria-labelledby={heading} {...(isEnded(status) ? {} : asksAgain(purchase))}>
      <header class="card-head">
        <h3 id={heading}>{`${countOfCredits(credits)} for ${userId}`}</h3>
        <StatusBadge tone={tone}>{words}</StatusBadge>
        <Time at={createdAt} />
        <WorkflowLink workflowId={testPurchaseWorkflowId(id)} id={`workflow-${id}`}>
          Workflow
        </WorkflowLink>
      </header>
      <p>{`Card ${CARD_WORDS[card]}.`}</p>
      {problem === null ? null : <p>{problem}</p>}
      {steps.length === 0 ? null : (
        <ol class="steps">
          {steps.map(({ at, detail }) => (
            <li key={`${at} ${detail}`}>
              <Time at={at} /> {detail}
            </li>
          ))}
        </ol>
      )}
      {status === 'requires_action' && link !== null ? (
        <p>
          <a href={link} id={`confirm-${id}`} target="_blank" rel="noreferrer">
            Confirm it on Stripe's page
          </a>
        </p>
      ) : null}
      {isEnded(status) ? null : <Progress label="Under way" />}
    </article>
  );
}

function asksAgain(purchase: PurchaseWithSteps) {
  return {
    'hx-get': `${tabPath('test-billing', 'purchases', purchase.id)}?since=${versionOf(purchase)}`,
    'hx-trigger': 'every 2s',
    'hx-swap': 'outerHTML',
  };
}
