import { randomUUID } from 'node:crypto';
import type { IRouter, Request, Response } from 'express';
import { z } from 'zod';
import { readTestBilling } from '../../../api/admin/test-billing/overview.ts';
import { beginTestPurchase, findPurchase } from '../../../api/admin/test-billing/purchases.ts';
import { testPurchaseRequestSchema } from '../../../api/admin/test-billing/schema.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { sayWhenToComeAgain } from '../../../api/error-handler.ts';
import { HttpError } from '../../../api/errors.ts';
import { originOf } from '../../../api/origin.ts';
import { addRoute } from '../../../api/route.ts';
import { saveSession } from '../../../api/sessions.ts';
import { creditsFieldSchema } from '../../../api/validation.ts';
import { versionOf } from '../../changes.ts';
import { fieldOf, textOfPath } from '../../request-values.ts';
import { parseForm } from '../parse-form.ts';
import type { Shell } from '../shell.tsx';
import { tabPath } from '../tabs.ts';
import { TestBillingPage } from './page.tsx';
import { PurchaseCard } from './purchase-card.tsx';
import type { PurchaseFields, PurchaseForm } from './purchase-form.tsx';
import { addUserChoice, usersToChooseFrom } from './users.tsx';
import { addWebhookTests } from './webhook-tests/routes.tsx';

const HERE = tabPath('test-billing');

const LISTED = { purchases: 20, users: 20, events: 20 };

const formSchema = testPurchaseRequestSchema.extend({ purchaseId: z.uuid(), credits: creditsFieldSchema });

/** The tab Test Billing: the page, what its forms start, and the parts of it that are live. */
export function addTestBillingTab(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  const { db } = dependencies;
  const show = async (request: Request, response: Response, form: PurchaseForm, status = 200) => {
    const [users, overview] = await Promise.all([
      usersToChooseFrom(db, form.userId),
      readTestBilling(dependencies, LISTED),
    ]);
    const head = { title: 'Test Billing', tab: 'test-billing', status } as const;
    shell.page(request, response, head, <TestBillingPage form={form} users={users} overview={overview} />);
  };

  addRoute(pages, '/test-billing', {
    get: [async (request, response) => await show(request, response, newForm())],
  });
  addUserChoice(pages, db, shell);
  addWebhookTests(pages, dependencies, shell);

  addRoute(pages, '/test-billing/purchases', {
    post: [
      async (request, response) => {
        const sent = fieldsOf(request);
        try {
          const purchase = parseForm(formSchema, sent, LABELS);
          await beginTestPurchase(dependencies, { ...purchase, returnUrl: `${originOf(request)}${HERE}` });
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
          sayWhenToComeAgain(response, error);
          return await show(request, response, { ...sent, problem: `${error.message}.` }, error.status);
        }
        request.session.flash = { kind: 'success', text: 'The test purchase has started.' };
        await saveSession(request);
        return response.redirect(303, HERE);
      },
    ],
  });

  addRoute(pages, '/test-billing/purchases/:purchaseId', {
    get: [
      async (request, response) => {
        const purchase = await findPurchase(db, textOfPath(request, 'purchaseId'));
        if (purchase === undefined) throw new HttpError('not_found', 'There is no such purchase');
        const card = <PurchaseCard purchase={purchase} />;
        shell.partIfChanged(request, response, versionOf(purchase), card);
      },
    ],
  });
}

function newForm(): PurchaseForm {
  return { purchaseId: randomUUID(), userId: '', credits: '25', card: 'success', problem: null };
}

function fieldsOf(request: Request): PurchaseFields {
  return {
    purchaseId: fieldOf(request, 'purchaseId'),
    userId: fieldOf(request, 'userId').trim(),
    credits: fieldOf(request, 'credits').trim(),
    card: fieldOf(request, 'card'),
  };
}

const LABELS: Readonly<Record<string, string>> = { userId: 'User', credits: 'Credits', card: 'Card' };
