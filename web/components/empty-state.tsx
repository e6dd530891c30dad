import type { ComponentChildren } from 'preact';

interface EmptyStateProps {
  /** What there is none of yet, in a sentence. */
  readonly title: string;
  /** What to do for there to be some. */
  readonly children: ComponentChildren;
}

/** Nothing to show, and what to do about it. */
export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <article class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      <p>{children}</p>
    </article>
  );
}
