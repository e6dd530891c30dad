import { right, table } from '../cli/console.ts';
import type { Footprint, FootprintFigures } from './footprint.ts';
import { describe, MB } from './machine.ts';

/** The figures as a person reads them. */
export function reportFootprint(figures: FootprintFigures): string {
  const { machine, options, signUp, month, close, bytesPerUsageEvent, tables } = figures;
  const row = (name: string, figure: (of: Footprint) => number, digits = 1) => [
    name,
    figure(signUp).toFixed(digits),
    figure(month).toFixed(digits),
  ];
  return [
    `${options.customers} customers, ${options.eventsPerCustomer} usage events of each. ${describe(machine)}`,
    '',
    table(
      [{ name: 'Of a customer' }, right('sign-up'), right('a month')],
      [
        row("Temporal's billable actions", ({ billableActions }) => billableActions),
        row('events of histories', ({ historyEvents }) => historyEvents),
        row("bytes of its workflow's history", ({ historyBytes }) => historyBytes, 0),
        row('webhooks', ({ webhooks }) => webhooks),
        row('requests to Stripe', ({ stripeRequests }) => stripeRequests),
        row('bytes in PostgreSQL, without raw usage', ({ databaseBytes }) => databaseBytes, 0),
      ],
    ),
    '',
    `Of the month, the close: ${close.billableActions.toFixed(2)} actions, ${close.historyEvents.toFixed(2)} events.`,
    `A raw usage event takes ${bytesPerUsageEvent.toFixed(0)} bytes in PostgreSQL, so a million ${((bytesPerUsageEvent * 1e6) / MB).toFixed(0)} MB.`,
    '',
    table(
      [{ name: 'Bytes with indexes' }, right('sign-up'), right('a month')],
      tables
        .filter(
          ({ bytesPerSignUp, bytesPerCustomerAndMonth }) => bytesPerSignUp + bytesPerCustomerAndMonth > 0,
        )
        .map(({ name, bytesPerSignUp, bytesPerCustomerAndMonth }) => [
          name,
          bytesPerSignUp.toFixed(0),
          bytesPerCustomerAndMonth.toFixed(0),
        ]),
    ),
  ].join('\n');
}
