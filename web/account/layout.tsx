import type { ComponentChildren } from 'preact';
import type { Flash } from '../../api/sessions.ts';
import { FlashMessage } from '../components/flash.tsx';
import { Form } from '../components/form.tsx';
import { usePage } from '../components/page-context.ts';
import { Document } from '../document.tsx';
import { ACCOUNT_PATH, accountPath } from './paths.ts';

interface LayoutProps {
  readonly title: string;
  readonly flash: Flash | null;
  readonly children: ComponentChildren;
}

/** What all pages of a user's share: the way out, what happened just before, and the page's own heading. */
export function Layout({ title, flash, children }: LayoutProps) {
  return (
    <Document title={title} header={<Header />}>
      <FlashMessage flash={flash} />
      <h1>{title}</h1>
      {children}
    </Document>
  );
}

function Header() {
  const { csrfToken } = usePage();
  return (
    <nav aria-label="Account">
      <a class="brand" href={ACCOUNT_PATH}>
        Billing
      </a>
      {csrfToken === null ? null : (
        <Form action={accountPath('sign-out')}>
          <button type="submit" class="secondary outline">
            Sign out
          </button>
        </Form>
      )}
    </nav>
  );
}
