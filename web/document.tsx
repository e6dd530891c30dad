import type { ComponentChildren } from 'preact';
import { assetUrl } from './assets.ts';
import { usePage } from './components/page-context.ts';

/** As the Content-Security-Policy wants it: nothing is evaluated, and no style is put into the page. */
const HTMX_CONFIG = {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
};

interface DocumentProps {
  /** Of the window. */
  readonly title: string;
  /** What stands above the content on every page. */
  readonly header: ComponentChildren;
  /** The content. */
  readonly children: ComponentChildren;
}

/** The whole document, whosever page it is: what it loads, the way past the header, and the content. */
export function Document({ title, header, children }: DocumentProps) {
  const { csrfToken } = usePage();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={JSON.stringify(HTMX_CONFIG)} />
        <title>{title}</title>
        <link rel="icon" type="image/svg+xml" href={assetUrl('icon.svg')} />
        <link rel="stylesheet" href={assetUrl('pico.css')} />
        <link rel="stylesheet" href={assetUrl('site.css')} />
        <script src={assetUrl('htmx.js')} defer />
      </head>
      <body {...(csrfToken === null ? {} : { 'hx-headers': JSON.stringify({ 'X-CSRF-Token': csrfToken }) })}>
        <a class="skip-link" href="#main">
          Skip to the content
        </a>
        <header class="container">{header}</header>
        <main class="container" id="main" tabIndex={-1}>
          {children}
        </main>
      </body>
    </html>
  );
}
