import type { Request, Response } from 'express';
import { z } from 'zod';
import { bySchema, reasonSchema, updateIdFor } from '../../api/admin/parameters.ts';
import { HttpError } from '../../api/errors.ts';
import { saveSession } from '../../api/sessions.ts';
import { parse } from '../../api/validation.ts';
import { fieldOf } from '../request-values.ts';
import { DECISION_ID_FIELD } from './components/decision.tsx';

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
    request.session.flash = { kind: 'problem', text: refusalInWords(error) };
  }
  await saveSession(request);
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

/**
 * The id of the update that a form's decision becomes: pressed twice, it is one.
 *
 * @throws HttpError `invalid_parameter`
 */
export function updateIdOfForm(request: Request, decision: readonly unknown[]): string {
  return updateIdFor(parse(decisionIdSchema, fieldOf(request, DECISION_ID_FIELD), 'Decision'), decision);
}

const decisionIdSchema = z.uuid('must be the id that the form came with: load the page again');

/** Why a form was refused, for who reads a page. */
export function refusalInWords({ code, message }: HttpError): string {
  // The api's message is of a header, and a page sends none.
  if (code === 'worker_unavailable')
    return 'No worker got it done in time: see on the tab Health that one runs. It may still be done once one does, so look again before you repeat it.';
  // What a workflow refuses with is a sentence already.
  return message.endsWith('.') ? message : `${message}.`;
}
