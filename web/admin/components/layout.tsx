import type { ComponentChildren } from 'preact';
import type { Flash } from '../../../api/admin/session.ts';
import { assetUrl } from '../assets.ts';
import { ADMIN_PATH, TABS, type TabId, tabPath } from '../tabs.ts';
import { Form } from './form.tsx';
import { usePage } from './page-context.ts';

/** As the Content-Security-Policy wants it: nothing is evaluated, and no style is put into the page. */
const HTMX_CONFIG = {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
};

interface LayoutProps {
  readonly title: string;
  readonly tab: TabId | null;
  readonly flash: Flash | null;
  readonly children: ComponentChildren;
}

/** The whole document: head, navigation, what happened just before, and the page itself. */
export function Layout({ title, tab, flash, children }: LayoutProps) {
  const { csrfToken } = usePage();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={JSON.stringify(HTMX_CONFIG)} />
        <title>{`${title} · Durable Billing`}</title>
        <link rel="icon" type="image/svg+xml" href={assetUrl('icon.svg')} />
        <link rel="stylesheet" href={assetUrl('pico.css')} />
        <link rel="stylesheet" href={assetUrl('admin.css')} />
        <script src={assetUrl('htmx.js')} defer />
      </head>
      <body {...(csrfToken === null ? {} : { 'hx-headers': JSON.stringify({ 'X-CSRF-Token': csrfToken }) })}>
        <a class="skip-link" href="#main">
          Skip to the content
        </a>
        <header class="container">{csrfToken === null ? <Brand /> : <Navigation tab={tab} />}</header>
        <main class="container" id="main" tabIndex={-1}>
          {flash === null ? null : (
            <p class={`flash ${flash.kind === 'success' ? 'good' : 'bad'}`} role="status">
              {flash.text}
            </p>
          )}
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
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
