import type { IRouter, Request, Response } from 'express';
import type { AdminAccess } from '../../api/admin/access.ts';
import { isSignedIn, signIn, signOut } from '../../api/admin/session.ts';
import { refuseOtherSites } from '../../api/csrf.ts';
import { HttpError } from '../../api/errors.ts';
import { addRoute } from '../../api/route.ts';
import { Form, FormProblem } from '../components/form.tsx';
import { fieldOf, textOfQuery } from '../request-values.ts';
import { sendPartToSignIn } from '../shell.tsx';
import type { Shell } from './shell.tsx';
import { ADMIN_PATH, TABS, tabPath } from './tabs.ts';

const [FIRST_TAB] = TABS;

/** The form, or the first tab for who has signed in; and what takes the form. */
export function addSignIn(pages: IRouter, shell: Shell, access: AdminAccess): void {
  const showForm = (request: Request, response: Response, state: SignInState) => {
    const status = state.problem?.status ?? 200;
    shell.page(request, response, { title: 'Sign in', status }, <SignInForm {...state} />);
  };

  addRoute(pages, '/', {
    get: [
      (request, response) => {
        const next = ownPath(textOfQuery(request, 'next'));
        if (isSignedIn(request, access)) return response.redirect(303, next);
        return showForm(request, response, { next, problem: null });
      },
    ],
  });

  addRoute(pages, '/sign-in', {
    get: [(_request, response) => response.redirect(303, ADMIN_PATH)],
    post: [
      async (request, response) => {
        // Before there is a session there is no token; and to be signed in by somebody else takes the password.
        refuseOtherSites(request);
        const next = ownPath(fieldOf(request, 'next'));
        let passwordHash: string;
        try {
          passwordHash = await access.password.check(request, response, fieldOf(request, 'password'));
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
          return showForm(request, response, { next, problem: error });
        }
        await signIn(request, passwordHash);
        return response.redirect(303, next);
      },
    ],
  });
}

/** `POST …/sign-out`: ends the session, and leads to the form. Sessions in other browsers go on. */
export function addSignOut(pages: IRouter): void {
  addRoute(pages, '/sign-out', {
    post: [
      async (request, response) => {
        await signOut(request, response);
        response.redirect(303, ADMIN_PATH);
      },
    ],
  });
}

/** Encoded it may be three times as long, and browsers take no header of any length. */
const MAX_NEXT_LENGTH = 2_048;

/** Sends whoever is not signed in to the form, and back again afterwards. */
export function goToSignIn(request: Request, response: Response): void {
  if (sendPartToSignIn(request, response, ADMIN_PATH)) return;
  const isPage = request.method === 'GET' && request.originalUrl.length <= MAX_NEXT_LENGTH;
  const next = isPage ? `?next=${encodeURIComponent(request.originalUrl)}` : '';
  response.redirect(303, `${ADMIN_PATH}${next}`);
}

interface SignInState {
  /** Where to go then. */
  readonly next: string;
  readonly problem: HttpError | null;
}

function SignInForm({ next, problem }: SignInState) {
  return (
    <article class="sign-in">
      <FormProblem id="problem" text={problem === null ? null : `${problem.message}.`} />
      <Form action={`${ADMIN_PATH}/sign-in`}>
        <input type="hidden" name="next" value={next} />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autoFocus
          aria-invalid={problem === null ? undefined : 'true'}
          aria-describedby={problem === null ? 'where' : 'problem'}
        />
        <small id="where">
          "npm start" wrote it to stack.json, as adminPassword; elsewhere ADMIN_PASSWORD_HASH says which it
          is.
        </small>
        <button type="submit">Sign in</button>
      </Form>
    </article>
  );
}

const OWN_PATH = new RegExp(String.raw`^${ADMIN_PATH}/[\w\-./%?=&:]*$`);

/** A page of ours: what stands in an address must not lead elsewhere. */
function ownPath(path: string): string {
  return OWN_PATH.test(path) ? path : tabPath(FIRST_TAB.id);
}
