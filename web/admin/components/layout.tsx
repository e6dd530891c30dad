import type { ComponentChildren } from 'preact';
import type { Flash } from '../../../api/sessions.ts';
import { assetUrl } from '../../assets.ts';
import { FlashMessage } from '../../components/flash.tsx';
import { Form } from '../../components/form.tsx';
import { usePage } from '../../components/page-context.ts';
import { Document } from '../../document.tsx';
import { ADMIN_PATH, TABS, type TabId, tabPath } from '../tabs.ts';

interface LayoutProps {
  readonly title: string;
  readonly tab: TabId | null;
  readonly flash: Flash | null;
  readonly children: ComponentChildren;
}

/** What all pages of the admin's share: navigation, what happened just before, and the page's own heading. */
export function Layout({ title, tab, flash, children }: LayoutProps) {
  const { csrfToken } = usePage();
  return (
    <Document
      title={`${title} · Durable Billing`}
      header={csrfToken === null ? <Brand /> : <Navigation tab={tab} />}
    >
      <FlashMessage flash={flash} />
      <h1>{title}</h1>
      {children}
    </Document>
  );
}

function Brand() {
  return (
    <p class="brand">
      <img src={assetUrl('icon.svg')} alt="" />
      Durable Billing
    </p>
  );
}

function Navigation({ tab }: Pick<LayoutProps, 'tab'>) {
  return (
    <nav aria-label="Admin">
      <Brand />
      <ul class="tabs">
        {TABS.map(({ id, name }) => (
          <li key={id}>
            <a href={tabPath(id)} aria-current={id === tab ? 'page' : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
      <Form action={`${ADMIN_PATH}/sign-out`}>
        <button type="submit" class="secondary outline">
          Sign out
        </button>
      </Form>
    </nav>
  );
}
