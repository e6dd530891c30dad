import type { Request, Response } from 'express';
import { bySchema, reasonSchema } from '../../api/admin/parameters.ts';
import { HttpError } from '../../api/errors.ts';
import { parse } from '../../api/validation.ts';
import { fieldOf } from '../request-values.ts';

/**
 * Does what a form asks for, and says on the page that follows how it went: what `work` answers, or why it was refused.
 * Loading that page again sends nothing twice.
 *
 * @param next address of that page.
 */
export async function answerForm(
  request: Request,
  response: Response,
  next: string,
  work: () => Promise<string>,
): Promise<void> {
  try {
    request.session.flash = { kind: 'success', text: await work() };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    request.session.flash = { kind: 'problem', text: `${error.message}.` };
  }
  response.redirect(303, next);
}

/**
 * Who decides, as the form says it; the next form begins with it.
 *
 * @throws HttpError `invalid_parameter`
 */
export function byOf(request: Request): string {
  const by = parse(bySchema, fieldOf(request, 'by'), 'Your name');
  request.session.by = by;
  return by;
}

/** @throws HttpError `invalid_parameter` */
export function reasonOf(request: Request): string {
  return parse(reasonSchema, fieldOf(request, 'reason'), 'Reason');
}
