import type { Flash } from '../../api/sessions.ts';

/** What happened just before, said once. */
export function FlashMessage({ flash }: { readonly flash: Flash | null }) {
  if (flash === null) return null;
  return (
    <p class={`flash ${flash.kind === 'success' ? 'good' : 'bad'}`} role="status">
      {flash.text}
    </p>
  );
}
