import type { UserChoice } from '../../../../db/user-lists.ts';
import { TESTED_EVENT_TYPES } from '../../../../domain/webhook-test.ts';
import { Form, FormProblem } from '../../../components/form.tsx';
import { UserField } from '../users.tsx';
import { webhookTestPath } from './paths.ts';

/** What the form shows: nothing yet, or what was sent with something wrong. */
export interface WebhookTestForm {
  readonly userId: string;
  readonly type: string;
  readonly problem: string | null;
}

/** Nothing typed yet. */
export const EMPTY_FORM: WebhookTestForm = { userId: '', type: '', problem: null };

interface NewWebhookTestProps {
  readonly users: readonly UserChoice[];
  readonly form?: WebhookTestForm;
}

/** Asks for a test: whose event, and which. */
export function NewWebhookTest({ users, form = EMPTY_FORM }: NewWebhookTestProps) {
  const { userId, type, problem } = form;
  return (
    <Form action={webhookTestPath()}>
      <FormProblem id="webhook-test-problem" text={problem} />
      <div class="grid">
        <UserField
          id="webhook-test-user"
          label="Customer"
          hint="A user of test mode who has begun a Checkout."
          value={userId}
          users={users}
        />
        <div>
          <label for="webhook-test-type">Event</label>
          <select id="webhook-test-type" name="type" required aria-describedby="webhook-test-type-hint">
            {TESTED_EVENT_TYPES.map((each) => (
              <option key={each} value={each} selected={each === type}>
                {each}
              </option>
            ))}
          </select>
          <small id="webhook-test-type-hint">
            Of those that Stripe is set up to send, the ones that can be tried here.
          </small>
        </div>
      </div>
      <button type="submit">Send the event</button>
    </Form>
  );
}
