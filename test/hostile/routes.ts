import type { Express } from 'express';
import { ACCOUNT_PATH } from '../../web/account/paths.ts';
import { ADMIN_PATH } from '../../web/admin/tabs.ts';

/** One method of one path, as the api's own router has it. */
export interface Route {
  /** Lower case. */
  readonly method: string;
  /** With its parameters in braces: `/api/users/{userId}`. */
  readonly path: string;
}

/** `GET /api/users/{userId}`, as tables, failures and weights have it. */
export const nameOf = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;

/** Whether a path is a page for a person, which the OpenAPI document does not hold. */
export const isPage = ({ path }: Route): boolean =>
  [ACCOUNT_PATH, ADMIN_PATH].some((start) => path === start || path.startsWith(`${start}/`));

/**
 * Every route there is, read from the router that serves them: so a new one is in every table of these tests, or fails it.
 *
 * @throws Error for a router that was mounted in a way that this does not know.
 */
export function routesOf(app: Express): Route[] {
  return routesBelow(app.router.stack, '');
}

/** What these tests read of a layer of Express' router. */
interface Layer {
  readonly handle: unknown;
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] };
  /** Where it is mounted. */
  readonly rawPath?: unknown;
}

function routesBelow(stack: readonly unknown[], mountPath: string): Route[] {
  return (stack as readonly Layer[]).flatMap(({ route, handle, rawPath }) => {
    if (route !== undefined) {
      // What refuses other methods has none of its own.
      const methods = new Set(route.stack.flatMap(({ method }) => (method === undefined ? [] : [method])));
      const path = `${mountPath}${route.path}`.replaceAll(/:(\w+)/g, '{$1}');
      return [...methods].map((method) => ({ method, path: path === '/' ? path : path.replace(/\/$/, '') }));
    }
    const below = stackOf(handle);
    if (below === null) return [];
    if (typeof rawPath !== 'string') throw new Error('a router is mounted at more than a path');
    return routesBelow(below, `${mountPath}${rawPath}`);
  });
}

/** What a router has in it; `null` for a handler that is none. */
function stackOf(handle: unknown): readonly unknown[] | null {
  if (typeof handle !== 'function' || !('stack' in handle) || !Array.isArray(handle.stack)) return null;
  return handle.stack as readonly unknown[];
}
