import type { ComponentChildren } from 'preact';

interface StripeLinkProps {
  readonly href: string | null;
  readonly children: ComponentChildren;
  /** What stands there when there is nowhere to lead to; nothing unless given. */
  readonly otherwise?: ComponentChildren;
  // The rest is as of any link.
  readonly id?: string;
  readonly class?: string;
  readonly role?: 'button';
  readonly target?: '_blank';
  readonly rel?: 'noreferrer';
}

/** Leads to a page of Stripe's whose address we were told. */
export function StripeLink({ href, children, otherwise = null, ...attributes }: StripeLinkProps) {
  if (href === null || !isWebAddress(href)) return <>{otherwise}</>;
  return (
    <a href={href} {...attributes}>
      {children}
    </a>
  );
}

/** Stripe's addresses are; what a link must not be is a script. */
function isWebAddress(address: string): boolean {
  return /^https?:\/\//i.test(address);
}
