import type { ComponentChildren } from 'preact';
import { CSRF_FIELD } from '../../api/csrf.ts';
import { usePage } from './page-context.ts';

interface FormProps {
  /** Where it is sent. Answers with a redirect, so that loading the next page again sends nothing twice. */
  readonly action: string;
  readonly children: ComponentChildren;
}

/** A form that changes something: sent by POST, with the session's token. Works without JavaScript. */
export function Form({ action, children }: FormProps) {
  const { csrfToken } = usePage();
  return (
    <form method="post" action={action}>
      {csrfToken === null ? null : <input type="hidden" name={CSRF_FIELD} value={csrfToken} />}
      {children}
    </form>
  );
}

/** What is wrong with a form that was sent; read out at once. */
export function FormProblem({ id, text }: { readonly id: string; readonly text: string | null }) {
  if (text === null) return null;
  return (
    <p class="flash bad" role="alert" id={id}>
      {text}
    </p>
  );
}
