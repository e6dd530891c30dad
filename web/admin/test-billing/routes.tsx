import { randomUUID } from 'node:crypto';
import type { IRouter, Request, Response } from 'express';
import { z } from 'zod';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { sayWhenToComeAgain } from '../../../api/error-handler.ts';
import { HttpError } from '../../../api/errors.ts';
import { originOf } from '../../../api/origin.ts';
import { addRoute } from '../../../api/route.ts';
import { saveSession } from '../../../api/sessions.ts';
import { userIdSchema } from '../../../api/validation.ts';
import { searchUsers } from '../../../db/user-lists.ts';
import { TEST_CARD_NAMES } from '../../../domain/test-purchase.ts';
import { fieldOf, textOfPath, textOfQuery } from '../../request-values.ts';
import { UserOptions } from '../components/user-field.tsx';
import { parseForm } from '../parse-form.ts';
import type { Shell } from '../shell.tsx';
import { tabPath } from '../tabs.ts';
import { TestBillingPage } from './page.tsx';
import { PurchaseCard } from './purchase-card.tsx';
import { MAX_CREDITS } from './purchase-form.tsx';
import type { TestPurchases } from './test-purchases.ts';
import { type PurchaseForm, readTestBilling, USERS_TO_CHOOSE_FROM } from './view.ts';

const HERE = tabPath('test-billing');

const requestSchema = z.object({
  purchaseId: z.uuid(),
  userId: userIdSchema,
  credits: z.coerce.number().int().min(1).max(MAX_CREDITS),
  card: z.enum(TEST_CARD_NAMES),
});

/** The tab Test Billing: the page, what its form starts, and the parts of it that are live. */
export function addTestBillingTab(
  pages: IRouter,
  { db, now = () => new Date() }: ApiDependencies,
  shell: Shell,
  testPurchases: TestPurchases,
): void {
  const show = async (request: Request, response: Response, form: PurchaseForm, status = 200) => {
    const view = await readTestBilling(db, testPurchases, form, now());
    const head = { title: 'Test Billing', tab: 'test-billing', status } as const;
    shell.page(request, response, head, <TestBillingPage view={view} />);
  };

  addRoute(pages, '/test-billing', {
    get: [async (request, response) => await show(request, response, newForm())],
  });

  addRoute(pages, '/test-billing/users', {
    get: [
      async (request, response) => {
        const users = await searchUsers(db, textOfQuery(request, 'userId'), USERS_TO_CHOOSE_FROM);
        shell.part(request, response, <UserOptions users={users} />);
      },
    ],
  });

  addRoute(pages, '/test-billing/purchases', {
    post: [
      async (request, response) => {
        const sent = formOf(request);
        try {
          const purchase = parseForm(requestSchema, sent, LABELS);
          await testPurchases.start({ ...purchase, returnUrl: `${originOf(request)}${HERE}` });
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
        const purchase = await testPurchases.find(textOfPath(request, 'purchaseId'));
        if (purchase === undefined) throw new HttpError('not_found', 'There is no such purchase');
        if (textOfQuery(request, 'since') === String(purchase.updatedAt.getTime())) {
          response.status(204).end();
          return;
        }
        shell.part(request, response, <PurchaseCard purchase={purchase} />);
      },
    ],
  });
}

function newForm(): PurchaseForm {
  return { purchaseId: randomUUID(), userId: '', credits: '25', card: 'success', problem: null };
}

function formOf(request: Request): PurchaseForm {
  return {
    purchaseId: fieldOf(request, 'purchaseId'),
    userId: fieldOf(request, 'userId').trim(),
    credits: fieldOf(request, 'credits').trim(),
    card: fieldOf(request, 'card'),
    problem: null,
  };
}

const LABELS: Readonly<Record<string, string>> = { userId: 'User', credits: 'Credits', card: 'Card' };
