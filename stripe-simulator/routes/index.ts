/** The whole route table. */
import type { Route } from '../router.ts';
import { accountRoutes } from './account.ts';
import { catalogRoutes } from './catalog.ts';
import { checkoutSessionRoutes } from './checkout-sessions.ts';
import { customerRoutes } from './customers.ts';
import { eventRoutes } from './events.ts';
import { invoiceItemRoutes } from './invoice-items.ts';
import { invoiceRoutes } from './invoices.ts';
import { meterRoutes } from './meters.ts';
import { paymentMethodRoutes } from './payment-methods.ts';
import { paymentRoutes } from './payments.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { webhookEndpointRoutes } from './webhook-endpoints.ts';

export const ROUTES: readonly Route[] = [
  ...accountRoutes,
  ...catalogRoutes,
  ...checkoutSessionRoutes,
  ...customerRoutes,
  ...eventRoutes,
  ...invoiceItemRoutes,
  ...invoiceRoutes,
  ...meterRoutes,
  ...paymentMethodRoutes,
  ...paymentRoutes,
  ...subscriptionRoutes,
  ...webhookEndpointRoutes,
];
