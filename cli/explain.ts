import colors from 'picocolors';
import { type BillExplanation, type ExplainedLine, explainBill } from '../db/bill-explanations.ts';
import type { Database } from '../db/database.ts';
import { type EventsOfLine, listEventsOfLine } from '../db/line-events.ts';
import { MAX_INVOICE_LINES } from '../domain/bill-parts.ts';
import { ruleOf } from '../domain/line-rule.ts';
import { formatCents } from '../domain/money.ts';
import { isMeteredProduct, LEVEL_PRODUCT, type MeteredProduct } from '../domain/price-list.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { right, say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/** What is traced back to its usage, and how far. */
export interface ExplainOptions {
  /** A bill's id, a line's, or an invoice's. */
  readonly reference: string;
  /** List the raw events of each line too. */
  readonly withEvents: boolean;
  /** For programs. */
  readonly json: boolean;
}

/**
 * Prints a bill, or a line of it, back to the usage it comes from, the rule and the price that applied, and the requests to
 * Stripe that it became.
 *
 * @throws UsageError when there is no such bill or line.
 */
export async function explain(context: CliContext, options: ExplainOptions): Promise<void> {
  const { reference, withEvents, json } = options;
  await context.withDatabase(async (db) => {
    const bill = await explainBill(db, reference);
    if (bill === undefined)
      throw new UsageError(
        `There is no bill, invoice or line "${reference}": give bill_…, in_…, or bill_…:2 for the second line.`,
      );
    const events = withEvents ? await eventsOf(db, bill) : new Map<string, EventsOfLine | null>();
    if (json) return say(JSON.stringify({ ...bill, lines: linesForPrograms(bill, events) }, null, 2));
    printBill(context, bill);
    for (const line of bill.lines) printLine(bill, line, events.get(line.lineId));
    if (!withEvents) say(colors.dim('\n--events lists the events of each line.'));
  });
}

async function eventsOf(db: Database, bill: BillExplanation): Promise<Map<string, EventsOfLine | null>> {
  const events = new Map<string, EventsOfLine | null>();
  for (const line of bill.lines) events.set(line.lineId, await listEventsOfLine(db, bill, line));
  return events;
}

function linesForPrograms(bill: BillExplanation, events: ReadonlyMap<string, EventsOfLine | null>) {
  return bill.lines.map((line) => ({
    ...line,
    rule: ruleOf(line, bill.period),
    ...(events.has(line.lineId) ? { rawEvents: events.get(line.lineId) } : {}),
  }));
}

function printBill({ links }: Pick<CliContext, 'links'>, bill: BillExplanation): void {
  const { workflow, stripeCustomerId } = bill;
  const rows = [
    ['User', stripeCustomerId === null ? bill.userId : `${bill.userId} (${stripeCustomerId})`],
    ['Month', `${bill.period}, ${bill.mode}`],
    [
      'Part',
      bill.parts === 1 ? '' : `${bill.part} of ${bill.parts}: an invoice takes ${MAX_INVOICE_LINES} lines`,
    ],
    ['Total', `${formatCents(bill.totalCents)}, ${bill.status.replace('_', ' ')}`],
    ['Frozen', instant(bill.frozenAt)],
    ['By', workflow === null ? '' : workflowLink(links, workflow.workflowId)],
    ['In its run', workflow?.runId ?? ''],
    ['Invoice', bill.stripeInvoiceId ?? 'none'],
    ['Problem', bill.problem ?? ''],
    ...bill.creditEntries.map(({ amountCents, lot }) => ['Credits', `${formatCents(amountCents)} (${lot})`]),
  ].filter(([, value]) => value !== '');
  say(table([{ name: bill.billId }, { name: '' }], rows));
  if (bill.stripeWrites.length === 0) return;
  say();
  say(
    table(
      [{ name: 'Written to Stripe' }, { name: 'Request' }, { name: 'Object' }, { name: 'When' }],
      bill.stripeWrites.map((write) => [
        write.writeKey.split(':').slice(2).join(' '),
        write.stripeRequestId ?? (write.completedAt === null ? 'outcome unknown' : 'found again'),
        write.stripeObjectId ?? '',
        write.completedAt === null ? '' : instant(write.completedAt),
      ]),
    ),
  );
}

function printLine(bill: BillExplanation, line: ExplainedLine, raw: EventsOfLine | null | undefined): void {
  say(`\n  ${colors.bold(line.description)}  ${formatCents(line.amountCents)}  ${colors.dim(line.lineId)}`);
  for (const sentence of ruleOf(line, bill.period)) say(`    ${sentence}`);
  if (!isMeteredProduct(line.product)) return;
  say(`    ${eventsSentence(line)}`);
  if (raw === undefined) return;
  if (raw === null) return say('    Its raw events are no longer there.');
  const rows = raw.events.map((event) => [
    instant(event.occurredAt),
    event.quantity,
    event.eventId,
    event.resourceId ?? '',
  ]);
  if (rows.length > 0)
    say(
      table(
        [{ name: '  Occurred' }, right('Quantity'), { name: 'Event' }, { name: '' }],
        rows.map(([at = '', ...others]) => [`  ${at}`, ...others]),
      ),
    );
  say(
    raw.areWhatWasBilled
      ? colors.green('    Added up anew, they come to what was billed.')
      : colors.yellow(`    Added up anew, they do not come to what was billed: ${whyOthers(line.product)}.`),
  );
}

/** Levels change what is around them, so a late one changes a month that was billed; the events of a sum keep their numbers. */
function whyOthers(product: MeteredProduct): string {
  if (product === LEVEL_PRODUCT) return 'others have come since, for a later bill';
  return 'the database was put back and they came again in another order, or rows were changed by hand (npm run billing -- balance)';
}

function eventsSentence({ events, product }: ExplainedLine): string {
  if (events === null && product !== LEVEL_PRODUCT)
    return 'Which events it is of is not kept: the bill is from before that was, or came back from its invoice.';
  if (events === null || events.count === 0)
    return 'No events of its own: levels that began before are carried over, or corrected.';
  const { count, firstAt, lastAt, before, through } = events;
  const many = count === 1 ? '1 event' : `${count.toLocaleString('en-US')} events`;
  const when =
    firstAt === null || lastAt === null
      ? ''
      : firstAt.getTime() === lastAt.getTime()
        ? `, of ${instant(firstAt)}`
        : `, the first of ${instant(firstAt)}, the last of ${instant(lastAt)}`;
  return `${many}${when}; by arrival number ${before + 1} to ${through} of the month.`;
}

/** `2026-10-31 23:59:59.999 UTC` */
function instant(at: Date): string {
  return `${at.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}
