import type { UserChoice } from '../../../../db/user-lists.ts';
import { eventsPath } from '../../events/paths.ts';
import { tabPath } from '../../tabs.ts';
import { WebhookTestCard, type WebhookTestCardProps } from './card.tsx';
import { NewWebhookTest, type WebhookTestForm } from './form.tsx';

interface WebhookTestPageProps {
  readonly form: WebhookTestForm;
  readonly users: readonly UserChoice[];
  /** The one to watch; `null` while none was sent. */
  readonly test: WebhookTestCardProps | null;
}

/** A test as it goes from step to step, and the form for the next one. */
export function WebhookTestPage({ form, users, test }: WebhookTestPageProps) {
  return (
    <>
      <p>
        Part of <a href={tabPath('test-billing')}>Test Billing</a>. What came in is listed under{' '}
        <a href={eventsPath({ mode: 'test' })}>Events</a>.
      </p>
      {test === null ? null : (
        <div aria-live="polite">
          <WebhookTestCard {...test} />
        </div>
      )}
      <section aria-labelledby="new-webhook-test">
        <h2 id="new-webhook-test">{test === null ? 'Send an event' : 'Send another'}</h2>
        <NewWebhookTest form={form} users={users} />
      </section>
    </>
  );
}
