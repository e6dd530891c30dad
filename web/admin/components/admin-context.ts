import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TemporalUi } from '../../../domain/workflow-link.ts';

/** What a component of the admin's pages may need besides. */
export interface AdminContextValue {
  readonly temporalUi: TemporalUi;
  /** Who the admin said they are when they decided something last; `''` at first. */
  readonly by: string;
}

/** Filled by the shell for each page and part; the default is never shown. */
export const AdminContext = createContext<AdminContextValue>({
  temporalUi: { temporalUiUrl: null, temporalNamespace: '' },
  by: '',
});

/** For components only, as any hook. */
export function useAdmin(): AdminContextValue {
  return useContext(AdminContext);
}
