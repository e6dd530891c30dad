import type { z } from 'zod';
import type { webhookTestSchema } from '../../../../api/admin/events/schema.ts';
import type { BillingStatus } from '../../../../domain/customer-standing.ts';
import { versionOf } from '../../../changes.ts';
import { Progress } from '../../../components/progress.tsx';
import { Id, StatusBadge, Time, type Tone } from '../../../components/values.tsx';
import { BillingStatusBadge } from '../../components/customer.tsx';
import { WorkflowLink } from '../../components/workflow-link.tsx';
import { wordsOfReason } from '../../events/reasons.ts';
import { tabPath } from '../../tabs.ts';
import { webhookTestPath } from './paths.ts';

/** A test event as `GET /api/admin/test/webhook-tests/{id}` answers it. */
export type WebhookTest = z.output<typeof webhookTestSchema>;
type Step = WebhookTest['steps'][number];

const STATES: Readonly<Record<WebhookTest['state'], { readonly tone: Tone; readonly words: string }>> = {
  waiting: { tone: 'waiting', words: 'under way' },
  done: { tone: 'good', words: 'applied' },
  failed: { tone: 'bad', words: 'not accepted' },
};

const STEPS: Readonly<Record<Step['step'], string>> = {
  sent: 'Sent, signed as Stripe signs.',
  received: 'Received at the endpoint.',
  verified: 'Verified: its signature is good.',
  signalled: "Signalled: Temporal has stored it for the customer's workflow.",
  applied: 'Applied: the workflow has looked at the customer in Stripe.',
};

/** A test and what it is held against, so that the card can say what it has changed. */
export interface WebhookTestCardProps {
  readonly test: WebhookTest;
  /** Where the customer stood before it was sent; `null` when the address does not say. */
  readonly before: BillingStatus | null;
}

/** A test with its steps. While it is under way the page asks every second whether there is something new. */
export function WebhookTestCard({ test, before }: WebhookTestCardProps) {
  const { id, state, type, userId, steps, reason, workflow } = test;
  const { tone, words } = STATES[state];
  return (
    <article aria-labelledby="webhook-test" {...(state === 'waiting' ? asksAgain(test, before) : {})}>
      <header class="card-head">
        <h2 id="webhook-test">
          {type === null ? 'Test event' : `${type} for ${userId ?? 'nobody of ours'}`}
        </h2>
        <StatusBadge tone={tone}>{words}</StatusBadge>
        {workflow === null ? null : (
          <WorkflowLink workflowId={workflow.id} id="webhook-test-workflow">
            Workflow
          </WorkflowLink>
        )}
      </header>
      <p>
        <Id id={id} />
      </p>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step.step}>
            <StepTime step={step} sentAt={steps[0]?.at ?? null} /> {STEPS[step.step]}
          </li>
        ))}
      </ol>
      {state === 'failed' ? <p>{wordsOfReason(reason)}</p> : null}
      <Effect test={test} before={before} />
      {state === 'waiting' ? <Waiting test={test} /> : null}
    </article>
  );
}

/** When a step was done, and how long after the sending. */
function StepTime({ step: { at }, sentAt }: { readonly step: Step; readonly sentAt: string | null }) {
  if (at === null) return <span class="pending">not yet:</span>;
  const afterMs = Math.max(0, Date.parse(at) - Date.parse(sentAt ?? at));
  return (
    <>
      <Time at={at} /> <span class="figure">{`+${afterMs} ms`}</span>
    </>
  );
}

function Effect({ test: { standing }, before }: WebhookTestCardProps) {
  if (standing === null) return null;
  const { status, reason, since } = standing;
  return (
    <p>
      {'Effect: '}
      {before === null || before === status ? (
        <>
          the customer {before === null ? 'is' : 'stays'} <BillingStatusBadge status={status} />
        </>
      ) : (
        <>
          the customer was <BillingStatusBadge status={before} /> and is{' '}
          <BillingStatusBadge status={status} />
        </>
      )}
      {', since '}
      <Time at={since} />. {reason}
    </p>
  );
}

function Waiting({ test: { steps } }: Pick<WebhookTestCardProps, 'test'>) {
  const isStored = steps.some(({ step, at }) => step === 'signalled' && at !== null);
  return (
    <>
      <Progress label={isStored ? 'Waits for a worker' : 'Waits for the endpoint to note it'} />
      {isStored ? (
        <p>
          Temporal keeps it until a worker applies it.{' '}
          <a href={tabPath('health')} id="webhook-test-health">
            Health
          </a>{' '}
          says whether one runs.
        </p>
      ) : null}
    </>
  );
}

function asksAgain(test: WebhookTest, before: BillingStatus | null) {
  const query = new URLSearchParams({ ...(before === null ? {} : { before }), since: versionOf(test) });
  return {
    'hx-get': `${webhookTestPath(test.id, 'card')}?${query.toString()}`,
    'hx-trigger': 'every 1s',
    'hx-swap': 'outerHTML',
  };
}
