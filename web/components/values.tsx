import { instantText } from '../../domain/markdown.ts';
import { formatCents } from '../../domain/money.ts';

/** `$1,234.56` */
export function Money({ cents }: { readonly cents: number }) {
  return <span class="figure">{formatCents(cents)}</span>;
}

/** `2026-10-31 23:59:07 UTC` */
export function Time({ at }: { readonly at: Date | string }) {
  const iso = new Date(at).toISOString();
  return <time dateTime={iso}>{instantText(iso)}</time>;
}

/** An id of Stripe's or of ours, as it is. */
export function Id({ id }: { readonly id: string }) {
  return <span class="id">{id}</span>;
}

/** What a status means to a person: `bad` is to be seen to, `waiting` goes on by itself or by somebody else. */
export type Tone = 'good' | 'bad' | 'waiting' | 'neutral';

/** A status in its own word; the colour says nothing that the word does not. */
export function StatusBadge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
