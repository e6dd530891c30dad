import colors from 'picocolors';
import type { StackFile } from '../../config/stack-file.ts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { formatCents } from '../../domain/money.ts';
import { monthlyBillingWorkflowId } from '../../domain/monthly-close.ts';
import { workflowLink } from '../../domain/workflow-link.ts';
import { right, say, table } from '../console.ts';
import type { DemoOutcome } from './story.ts';

/** What happened, for a person. */
export function printReport(stack: StackFile, period: BillingPeriod, outcome: DemoOutcome): void {
  const { bill, billing } = outcome;
  say(`\n${colors.bold(`The bill of ${period}`)}`);
  const lines = bill.lines.map((line) => [
    line.description,
    line.quantity,
    `$${line.unitPrice}`,
    formatCents(line.amountCents),
  ]);
  say(
    table(
      [{ name: 'Line' }, right('Quantity'), right('Unit price'), right('Amount')],
      [...lines, [colors.bold('Total'), '', '', colors.bold(formatCents(bill.totalCents))]],
    ),
  );

  say(`\n${colors.bold('What happened')}`);
  say(
    table(
      [{ name: 'Step' }, { name: 'Outcome' }],
      [
        ['Checkout', `${outcome.checkoutSessionId} completed with 4242 …`],
        [
          'Subscription',
          `${billing.stripeSubscriptionId}, one, with ${outcome.productsSubscribed} metered products`,
        ],
        ['Customer', `${billing.stripeCustomerId}, ${billing.status}, on ${billing.clusterId}`],
        ['Usage', `${outcome.events.toLocaleString('en-US')} events accepted once`],
        ['Invoice', `${bill.stripeInvoiceId}, ${bill.status}, ${formatCents(bill.totalCents)} charged`],
        ['Recomputed', 'the same to the cent, line by line, from the raw events'],
        [
          'Second close',
          `${outcome.secondClose.frozenBills} bills frozen, ${outcome.secondClose.invoicedBills} invoiced`,
        ],
        ['Repeated webhooks', `${outcome.repeatedDeliveries} delivered again, nothing changed`],
      ],
    ),
  );

  say(`\n${colors.bold('In the Temporal Web UI')}`);
  say(
    `  the customer  ${workflowLink(stack, customerBillingWorkflowId('live', billing.stripeCustomerId ?? ''))}`,
  );
  say(`  the close     ${workflowLink(stack, monthlyBillingWorkflowId('live', period))}`);
}
