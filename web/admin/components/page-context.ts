import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TemporalUi } from '../../../domain/workflow-link.ts';

/** What a component anywhere on a page may need, and no page should have to hand down. */
export interface PageContextValue {
  /** Of the session; `null` when nobody is signed in. */
  readonly csrfToken: string | null;
  readonly temporalUi: TemporalUi;
  /** Who the admin said they are when they decided something last; `''` at first. */
  readonly by: string;
}

export const PageContext = createContext<PageContextValue>({
  csrfToken: null,
  temporalUi: { temporalUiUrl: null, temporalNamespace: '' },
  by: '',
});

export function usePage(): PageContextValue {
  return useContext(PageContext);
}
