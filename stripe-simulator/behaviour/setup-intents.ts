/** Setup intents made directly. https://docs.stripe.com/api/setup_intents */
import type { Operation } from '../operation.ts';
import type { PaymentMethod, SetupIntent } from '../wire.ts';
import { awaitSetupOwner, failSetup, NOT_AUTHENTICATED, succeedSetup } from './card-setup.ts';
import { testCardOf } from './cards.ts';
import { findPaymentMethod } from './find.ts';
import {
  authenticationStep,
  confirmedMethod,
  expectOwn,
  expectReturnUrl,
  expectStatus,
  rememberAuthentication,
  UNSETTLED,
} from './intents.ts';

/** One attempt. @throws 402 if the bank refuses, 400 in the wrong state or without a method. */
export function confirmSetupIntent(
  operation: Operation,
  intent: SetupIntent,
  returnUrl: string | undefined,
): SetupIntent {
  expectOwn(operation, intent);
  expectStatus(intent, 'confirm', UNSETTLED);
  const method = findPaymentMethod(operation, confirmedMethod(intent));
  expectReturnUrl(intent, returnUrl);
  return testCardOf(operation, method.id)?.authenticatesSetup === true
    ? awaitSetupOwner(operation, intent, authenticationStep(operation, intent, returnUrl))
    : save(operation, intent, method);
}

/** What the owner did on the bank's page. @throws 402 if he failed, 400 if nothing is asked of him. */
export function authenticateSetupIntent(operation: Operation, intent: SetupIntent, succeeds: boolean): void {
  expectOwn(operation, intent);
  expectStatus(intent, 'confirm', ['requires_action']);
  const method = findPaymentMethod(operation, confirmedMethod(intent));
  if (!succeeds) throw failSetup(operation, intent, NOT_AUTHENTICATED, method);
  rememberAuthentication(operation, method);
  save(operation, intent, method);
}

function save(operation: Operation, intent: SetupIntent, method: PaymentMethod): SetupIntent {
  const decline = testCardOf(operation, method.id)?.declinesSetup;
  if (decline !== undefined) throw failSetup(operation, intent, decline, method);
  return succeedSetup(operation, intent, method);
}

/** Ends it with nothing saved. @throws 400 once it has succeeded or ended, or if it is a Checkout session's. */
export function cancelSetupIntent(
  operation: Operation,
  intent: SetupIntent,
  reason: SetupIntent['cancellation_reason'],
): SetupIntent {
  expectOwn(operation, intent);
  expectStatus(intent, 'cancel', UNSETTLED);
  const canceled = operation.store.setupIntents.put({
    ...intent,
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  });
  operation.emit('setup_intent.canceled', canceled);
  return canceled;
}
