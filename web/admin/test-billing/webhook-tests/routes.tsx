import type { IRouter, Request, Response } from 'express';
import { eventIdSchema, webhookTestRequestSchema } from '../../../../api/admin/events/schema.ts';
import { describeWebhookTest, ownUrl, sendWebhookTest } from '../../../../api/admin/events/webhook-tests.ts';
import type { ApiDependencies } from '../../../../api/dependencies.ts';
import { sayWhenToComeAgain } from '../../../../api/error-handler.ts';
import { HttpError } from '../../../../api/errors.ts';
import { addRoute } from '../../../../api/route.ts';
import { saveSession } from '../../../../api/sessions.ts';
import { parse } from '../../../../api/validation.ts';
import { BILLING_STATUSES } from '../../../../domain/customer-standing.ts';
import { versionOf } from '../../../changes.ts';
import { fieldOf, textOfQuery } from '../../../request-values.ts';
import { parseForm } from '../../parse-form.ts';
import type { Shell } from '../../shell.tsx';
import { usersToChooseFrom } from '../users.tsx';
import { WebhookTestCard, type WebhookTestCardProps } from './card.tsx';
import { EMPTY_FORM, type WebhookTestForm } from './form.tsx';
import { WebhookTestPage } from './page.tsx';
import { webhookTestPath, withBefore } from './paths.ts';

const LABELS = { userId: 'Customer', type: 'Event' };

/** "Test webhook processing" of the tab Test Billing: what its form sends, and the page on which each step of a test shows. */
export function addWebhookTests(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  const show = async (
    request: Request,
    response: Response,
    form: WebhookTestForm,
    { test = null, status = 200 }: { test?: WebhookTestCardProps | null; status?: number } = {},
  ) => {
    const users = await usersToChooseFrom(dependencies.db, form.userId);
    const head = { title: 'Test webhook processing', tab: 'test-billing', status } as const;
    shell.page(request, response, head, <WebhookTestPage form={form} users={users} test={test} />);
  };

  const testOf = async (request: Request): Promise<WebhookTestCardProps> => ({
    test: await describeWebhookTest(dependencies, parse(eventIdSchema, request.params['id'], 'id')),
    before: BILLING_STATUSES.find((each) => each === textOfQuery(request, 'before')) ?? null,
  });

  addRoute(pages, '/test-billing/webhook-tests', {
    get: [async (request, response) => await show(request, response, EMPTY_FORM)],
    post: [
      async (request, response) => {
        const sent = { userId: fieldOf(request, 'userId').trim(), type: fieldOf(request, 'type') };
        try {
          const test = { ...parseForm(webhookTestRequestSchema, sent, LABELS), apiUrl: ownUrl(request) };
          const { id, status, problem, before } = await sendWebhookTest(dependencies, test);
          request.session.flash =
            problem === null
              ? { kind: 'success', text: 'The event was sent, and the endpoint has taken it.' }
              : { kind: 'problem', text: `The endpoint answered ${status}: ${problem}.` };
          await saveSession(request);
          response.redirect(303, withBefore(webhookTestPath(id), before.status));
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
          sayWhenToComeAgain(response, error);
          await show(request, response, { ...sent, problem: `${error.message}.` }, { status: error.status });
        }
      },
    ],
  });

  addRoute(pages, '/test-billing/webhook-tests/:id', {
    get: [
      async (request, response) => {
        const test = await testOf(request);
        const { userId, type } = test.test;
        const form = { userId: userId ?? '', type: type ?? '', problem: null };
        await show(request, response, form, { test });
      },
    ],
  });

  addRoute(pages, '/test-billing/webhook-tests/:id/card', {
    get: [
      async (request, response) => {
        const { test, before } = await testOf(request);
        const card = <WebhookTestCard test={test} before={before} />;
        shell.partIfChanged(request, response, versionOf(test), card);
      },
    ],
  });
}
