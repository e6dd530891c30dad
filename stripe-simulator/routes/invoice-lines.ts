/** The lines of an invoice. */
import { z } from 'zod';
import { requireDraft } from '../behaviour/finalization.ts';
import { findInvoice } from '../behaviour/find.ts';
import { removeLine, summed, updateLine } from '../behaviour/invoice-line-changes.ts';
import { createInvoiceItem, lineFields, putOnInvoice } from '../behaviour/invoice-lines.ts';
import { previousAttributes } from '../events.ts';
import { page } from '../list.ts';
import { mergeMetadata } from '../metadata.ts';
import { MOST_LINES } from '../objects/invoice.ts';
import type { Operation } from '../operation.ts';
import { listParams, metadata, oneOf, params, text } from '../params.ts';
import { route } from '../router.ts';
import type { Invoice } from '../wire.ts';

const linesOf = <S extends z.ZodRawShape>(shape: S) =>
  params({
    invoice_metadata: metadata.optional(),
    lines: z.array(z.strictObject(shape)).min(1).max(MOST_LINES),
  });

const addSchema = linesOf(lineFields);
const updateSchema = linesOf({ ...lineFields, id: text });
const removeSchema = linesOf({ behavior: oneOf('delete', 'unassign'), id: text });

/** One change of a draft's lines, told as one `invoice.updated`. */
function changeDraft(
  request: Operation,
  id: string,
  invoiceMetadata: z.output<typeof metadata> | undefined,
  change: (operation: Operation, draft: Invoice) => Invoice,
): Invoice {
  const before = findInvoice(request, id);
  requireDraft(before, 'lines can only be changed while it is a draft.');
  const operation = request.at(before.customer);
  const after = change(operation, {
    ...before,
    metadata: mergeMetadata(before.metadata, invoiceMetadata),
  });
  const previous = previousAttributes(before, after);
  if (Object.keys(previous).length > 0) operation.emit('invoice.updated', after, previous);
  return after;
}

/** `/v1/invoices/:invoice/lines` to read them, and the routes that add, update and remove them, on drafts only. */
export const invoiceLineRoutes = [
  route('GET', '/v1/invoices/:invoice/lines', listParams({}), (operation, given, ids) =>
    page(operation.store.invoiceLines, {
      url: `/v1/invoices/${ids.invoice}/lines`,
      params: given,
      order: operation.store.invoiceLines.where('invoice', findInvoice(operation, ids.invoice).id),
      oldestFirst: true,
    }),
  ),

  route('POST', '/v1/invoices/:invoice/add_lines', addSchema, (request, given, ids) =>
    changeDraft(request, ids.invoice, given.invoice_metadata, (operation, draft) => {
      const items = given.lines.map((line, index) =>
        createInvoiceItem(operation, line, {
          customer: draft.customer ?? '',
          invoice: draft.id,
          currency: draft.currency,
          name: `lines[${index}]`,
        }),
      );
      return putOnInvoice(operation, draft, items);
    }),
  ),

  route('POST', '/v1/invoices/:invoice/update_lines', updateSchema, (request, given, ids) =>
    changeDraft(request, ids.invoice, given.invoice_metadata, (operation, draft) => {
      for (const [index, { id, ...line }] of given.lines.entries())
        updateLine(operation, draft, id, line, `lines[${index}]`);
      return summed(operation, draft);
    }),
  ),

  route('POST', '/v1/invoices/:invoice/remove_lines', removeSchema, (request, given, ids) =>
    changeDraft(request, ids.invoice, given.invoice_metadata, (operation, draft) => {
      for (const [index, line] of given.lines.entries())
        removeLine(operation, draft, line, `lines[${index}]`);
      return summed(operation, draft);
    }),
  ),

  route('POST', '/v1/invoices/:invoice/lines/:line', params(lineFields), (request, given, ids) => {
    const { expand: _expand, ...change } = given;
    changeDraft(request, ids.invoice, undefined, (operation, draft) => {
      updateLine(operation, draft, ids.line, change, '');
      return summed(operation, draft);
    });
    return request.store.invoiceLines.get(ids.line) ?? { object: 'line_item' };
  }),
];
