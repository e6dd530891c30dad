import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** What a component anywhere on a page may need, and no page should have to hand down. */
export interface PageContextValue {
  /** Of the session; `null` when nobody is signed in. */
  readonly csrfToken: string | null;
}

export const PageContext = createContext<PageContextValue>({ csrfToken: null });

export function usePage(): PageContextValue {
  return useContext(PageContext);
}
