import type { IRouter, Request } from 'express';
import { customerOfPath } from '../../../api/admin/customers/customer-of-path.ts';
import { decideOnUser } from '../../../api/admin/customers/decisions.ts';
import { customersPage } from '../../../api/admin/customers/list.ts';
import { extendGraceSchema } from '../../../api/admin/customers/schema.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { addRoute } from '../../../api/route.ts';
import type { CustomerDecision } from '../../../api/temporal/decisions.ts';
import { parse } from '../../../api/validation.ts';
import { EXTEND_GRACE_UPDATE, REACTIVATE_UPDATE, SUSPEND_UPDATE } from '../../../domain/customer-workflow.ts';
import { instantText } from '../../../domain/markdown.ts';
import { fieldOf, textOfQuery } from '../../request-values.ts';
import { answerForm, byOf, reasonOf, updateIdOfForm } from '../answer-form.ts';
import { customerPath } from '../components/customer.tsx';
import type { Shell } from '../shell.tsx';
import { CustomerChanges, CustomerPage } from './customer-page.tsx';
import { filterOf } from './filter.ts';
import { CustomersPage } from './list-page.tsx';
import { readCustomer } from './view.ts';

const CUSTOMER = '/customers/:mode/:userId';

type DecidedCustomer = Awaited<ReturnType<typeof decideOnUser>>['state'];

/** The tab Customers: the list, the page of each with what is live of it, and the decisions about them. */
export function addCustomersTab(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  addRoute(pages, '/customers', {
    get: [
      async (request, response) => {
        const filter = filterOf(request);
        const { mode, after: afterUserId, ...narrowing } = filter;
        const page = await customersPage(dependencies, mode, { ...narrowing, afterUserId });
        const head = { title: 'Customers', tab: 'customers' } as const;
        shell.page(request, response, head, <CustomersPage filter={filter} page={page} />);
      },
    ],
  });

  addRoute(pages, CUSTOMER, {
    get: [
      async (request, response) => {
        const view = await readCustomer(dependencies, customerOfPath(request));
        const { name, userId } = view.customer;
        const head = { title: name === '' ? userId : name, tab: 'customers' } as const;
        shell.page(request, response, head, <CustomerPage view={view} />);
      },
    ],
  });

  addRoute(pages, `${CUSTOMER}/changes`, {
    get: [
      async (request, response) => {
        const view = await readCustomer(dependencies, customerOfPath(request));
        const { customer, offers } = view.versions;
        const offersShown = textOfQuery(request, 'offers');
        const part = <CustomerChanges view={view} offersShown={offersShown} />;
        if (offersShown === offers) shell.partIfChanged(request, response, customer, part);
        else shell.part(request, response, part);
      },
    ],
  });

  const addDecision = (
    name: string,
    decisionOf: (request: Request) => CustomerDecision,
    whatWasDone: (state: DecidedCustomer) => string,
  ) =>
    addRoute(pages, `${CUSTOMER}/${name}`, {
      post: [
        async (request, response) => {
          const key = customerOfPath(request);
          await answerForm(request, response, customerPath(key.mode, key.userId), async () => {
            const decision = decisionOf(request);
            const updateId = updateIdOfForm(request, [key, decision]);
            const { state } = await decideOnUser(dependencies, key, { ...decision, updateId });
            return whatWasDone(state);
          });
        },
      ],
    });

  addDecision(
    'extend-grace',
    (request) => ({ update: EXTEND_GRACE_UPDATE, request: { days: daysOf(request), by: byOf(request) } }),
    ({ graceEndsAt }) =>
      graceEndsAt === null
        ? 'There is no grace period any more.'
        : `The grace period now ends at ${instantText(graceEndsAt)}.`,
  );
  addDecision(
    'suspend',
    (request) => ({ update: SUSPEND_UPDATE, request: { reason: reasonOf(request), by: byOf(request) } }),
    ({ status }) => `The customer is ${status} now.`,
  );
  addDecision(
    'reactivate',
    (request) => ({ update: REACTIVATE_UPDATE, request: { by: byOf(request) } }),
    ({ status, reason }) => `The suspension is lifted. The customer is ${status} now: ${reason}`,
  );
}

/** @throws HttpError `invalid_parameter` */
function daysOf(request: Request): number {
  return parse(extendGraceSchema.shape.days, Number(fieldOf(request, 'days')), 'Days from now');
}
