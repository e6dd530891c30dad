import type { Month } from '../../../domain/monthly-close.ts';
import { monthPath } from './month-view.ts';

interface PreviewLinkProps {
  readonly month: Month;
  readonly children: string;
}

/**
 * To the preview of a month, which takes minutes where there are very many users. With JavaScript this page stays meanwhile, and
 * shows that something is under way; whoever leaves it ends the preview.
 */
export function PreviewLink({ month, children }: PreviewLinkProps) {
  const path = monthPath(month, 'preview');
  const indicator = `computing-${month.period}`;
  return (
    <>
      <a
        href={path}
        hx-get={path}
        hx-select="#main"
        hx-target="#main"
        hx-swap="outerHTML show:window:top"
        hx-push-url="true"
        hx-sync="this:drop"
        hx-indicator={`#${indicator}`}
      >
        {children}
      </a>
      <span class="htmx-indicator" id={indicator} role="status">
        <progress aria-label="Computing each bill" />
        <small>Computing each bill. This takes minutes where there are very many users.</small>
      </span>
    </>
  );
}
