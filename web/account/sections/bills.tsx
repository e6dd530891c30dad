import type { BillLineRow, BillWithLines } from '../../../db/bills.ts';
import type { BillStatus } from '../../../domain/bill.ts';
import { formatCents, formatUnitPrice } from '../../../domain/money.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { StripeLink } from '../../components/stripe-link.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money, StatusBadge, type Tone } from '../../components/values.tsx';
import { monthInWords, quantityInWords } from '../../words.ts';

/** All bills, newest first, each with its lines and with Stripe's page of it. */
export function Bills({ bills }: { readonly bills: readonly BillWithLines[] }) {
  return (
    <section aria-labelledby="bills">
      <h2 id="bills">Bills</h2>
      {bills.length === 0 ? (
        <EmptyState title="There is no bill yet.">
          The first one comes at the beginning of the month after you have used something.
        </EmptyState>
      ) : (
        bills.map((bill) => <Bill key={bill.billId} bill={bill} />)
      )}
    </section>
  );
}

const STATUSES: Readonly<Record<BillStatus, { readonly tone: Tone; readonly words: string }>> = {
  frozen: { tone: 'neutral', words: 'being made' },
  held: { tone: 'neutral', words: 'being checked' },
  parked: { tone: 'neutral', words: 'being checked' },
  open: { tone: 'waiting', words: 'being collected' },
  paid: { tone: 'good', words: 'paid' },
  payment_failed: { tone: 'bad', words: 'unpaid' },
  void: { tone: 'neutral', words: 'canceled' },
};

function Bill({ bill }: { readonly bill: BillWithLines }) {
  const { period, part, parts, status, totalCents, refundedCents, hostedInvoiceUrl, invoicePdfUrl, lines } =
    bill;
  const { tone, words } = STATUSES[status];
  const name = `${monthInWords(period)}${parts === 1 ? '' : `, part ${part} of ${parts}`}`;
  return (
    <details class="bill">
      <summary>
        <span>{name}</span> <Money cents={totalCents} /> <StatusBadge tone={tone}>{words}</StatusBadge>
      </summary>
      <Table
        caption={`Lines of the bill of ${name}`}
        columns={COLUMNS}
        rows={lines}
        keyOf={({ description }) => description}
        empty={<p>Nothing was left to pay.</p>}
      />
      {refundedCents === 0 ? null : <p>{`${formatCents(refundedCents)} of it was refunded.`}</p>}
      {hostedInvoiceUrl === null ? null : (
        <p>
          <StripeLink href={hostedInvoiceUrl}>{`Invoice of ${name}`}</StripeLink>
          {invoicePdfUrl === null ? null : (
            <>
              {' · '}
              <StripeLink href={invoicePdfUrl}>PDF</StripeLink>
            </>
          )}
        </p>
      )}
    </details>
  );
}

const COLUMNS: readonly Column<BillLineRow>[] = [
  { name: 'Line', cell: ({ description }) => description },
  { name: 'Quantity', cell: ({ quantity }) => quantityInWords(quantity), isFigure: true },
  { name: 'Price', cell: ({ unitPriceCents }) => formatUnitPrice(unitPriceCents), isFigure: true },
  { name: 'Amount', cell: ({ amountCents }) => <Money cents={amountCents} />, isFigure: true },
];
