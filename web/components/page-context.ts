import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** What a component anywhere on a page may need, and no page should have to hand down. */
export interface PageContextValue {
  /** Of the session; `null` when nobody is signed in. */
  readonly csrfToken: string | null;
}

/** Filled by the shell for each page and part; the default is for nobody signed in. */
export const PageContext = createContext<PageContextValue>({ csrfToken: null });

/** For components only, as any hook. */
export function usePage(): PageContextValue {
  return useContext(PageContext);
}
