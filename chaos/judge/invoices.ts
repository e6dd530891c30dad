import type { Account } from './account.ts';
import type { SeenBill, SeenCustomer, SeenInvoice } from './seen.ts';

/** Has each bill the one invoice that it must have, and each invoice a bill? Was each paid once? */
export function invoiceProblems(
  { givenUp }: Pick<Account, 'givenUp'>,
  { bills, stripe }: Pick<SeenCustomer, 'bills' | 'stripe'>,
): string[] {
  const invoices = stripe?.invoices ?? [];
  return [
    ...bills.flatMap((bill) =>
      billProblems(
        bill,
        invoices.filter(({ billId }) => billId === bill.billId),
        stripe,
      ),
    ),
    ...invoices.flatMap((invoice) => strayInvoice(invoice, bills)),
    ...givenUpProblems(givenUp, invoices),
    ...(stripe === null ? [] : chargeProblems(stripe)),
  ];
}

/** Nobody waives what was used but whoever was asked to, and no more than that one bill. */
function givenUpProblems(givenUp: Account['givenUp'], invoices: readonly SeenInvoice[]): string[] {
  return (['void', 'uncollectible'] as const).flatMap((waived) => {
    const found = invoices.filter(({ billId, status }) => billId !== null && status === waived);
    return found.length > (givenUp === waived ? 1 : 0)
      ? [`${idsOf(found)}: ${waived}, and nobody asked`]
      : [];
  });
}

function billProblems(
  bill: SeenBill,
  invoices: readonly SeenInvoice[],
  stripe: SeenCustomer['stripe'],
): string[] {
  const { billId, status } = bill;
  if (invoices.length > 1) return [`${billId} has ${invoices.length} invoices: ${idsOf(invoices)}`];
  const [invoice] = invoices;
  switch (status) {
    case 'paid':
      if (bill.totalCents === 0) return invoice === undefined ? [] : [`${billId} of $0 has ${invoice.id}`];
      return invoicedProblems(bill, invoice, ['paid']);
    case 'open':
    case 'payment_failed':
      return invoicedProblems(bill, invoice, ['open', 'uncollectible']);
    case 'void':
      return invoicedProblems(bill, invoice, ['void']);
    case 'held':
      return invoice === undefined ? [] : [`${billId} is held and has ${invoice.id}`];
    case 'parked':
      // Rightly so where there is nobody to ask: a user who never began a Checkout, or one who was deleted.
      return stripe === null || stripe.deleted ? [] : [`${billId} is parked`];
    default:
      return [`${billId} is still ${status}`];
  }
}

function invoicedProblems(
  { billId, status, totalCents, stripeInvoiceId }: SeenBill,
  invoice: SeenInvoice | undefined,
  wanted: readonly string[],
): string[] {
  if (invoice === undefined) return [`${billId} is ${status} and has no invoice`];
  const problems: string[] = [];
  if (invoice.id !== stripeInvoiceId) problems.push(`${billId} names ${stripeInvoiceId}, not ${invoice.id}`);
  if (!wanted.includes(invoice.status))
    problems.push(`${billId} is ${status}, and ${invoice.id} is ${invoice.status}`);
  if (invoice.status === 'open' && invoice.attempted !== (status === 'payment_failed'))
    problems.push(`${billId} is ${status}, and ${invoice.id} was${invoice.attempted ? '' : ' not'} tried`);
  if (invoice.totalCents !== totalCents)
    problems.push(`${billId} comes to ${totalCents} cents, and ${invoice.id} to ${invoice.totalCents}`);
  return problems;
}

/** One that nobody owes us anything by: of a bill that is not there, or that asks for money by itself. */
function strayInvoice(invoice: SeenInvoice, bills: readonly SeenBill[]): string[] {
  const { id, billId, status, totalCents } = invoice;
  if (billId === null)
    return totalCents === 0 ? [] : [`${id} asks for ${totalCents} cents and is of no bill`];
  if (!bills.some((bill) => bill.billId === billId)) return [`${id} is of ${billId}, which is not there`];
  return status === 'draft' ? [`${id} of ${billId} was left a draft`] : [];
}

function chargeProblems({
  chargedCents,
  invoices,
  purchases,
}: NonNullable<SeenCustomer['stripe']>): string[] {
  const wanted =
    invoices.reduce((sum, { paidCents }) => sum + paidCents, 0) +
    purchases.reduce((sum, { amountCents }) => sum + amountCents, 0);
  return wanted === chargedCents
    ? []
    : [`${chargedCents} cents were charged, for invoices and credits of ${wanted}`];
}

const idsOf = (invoices: readonly SeenInvoice[]) => invoices.map(({ id }) => id).join(', ');
