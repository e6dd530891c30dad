/** The route table: one row per route, with the schema of its parameters. */
import type { z } from 'zod';
import type { RawParameters } from './form.ts';
import type { Operation } from './operation.ts';
import { parseParams } from './params.ts';
import type { ApiObject } from './wire.ts';

/** The methods that Stripe's `v1` API has. */
export type Method = 'DELETE' | 'GET' | 'POST';

/** `PathIds<'/v1/invoices/:invoice/lines'>` is `{invoice: string}`. */
export type PathIds<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & PathIds<Rest>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : unknown;

/** One row of the table: what is asked, and how it is answered. */
export interface Route {
  readonly method: Method;
  /** With `:name` for ids. */
  readonly path: string;
  readonly schema: z.ZodType;
  /**
   * Checks the parameters and returns the work itself, so that the caller knows whether execution began: only then is
   * the result stored under the idempotency key.
   */
  prepare(raw: RawParameters, ids: ReadonlyMap<string, string>): (operation: Operation) => ApiObject;
}

/** One row of the table. */
export function route<const P extends string, S extends z.ZodType>(
  method: Method,
  path: P,
  schema: S,
  handler: (operation: Operation, params: z.output<S>, ids: PathIds<P>) => ApiObject,
): Route {
  return {
    method,
    path,
    schema,
    prepare(raw, ids) {
      const params = parseParams(schema, raw);
      return (operation) => handler(operation, params, idsOf(path, ids));
    },
  };
}

/** The ids under their names; the router has found one for each name of the path. */
function idsOf<P extends string>(path: P, found: ReadonlyMap<string, string>): PathIds<P> {
  const ids = Object.fromEntries(found);
  if (hasIds(path, ids)) return ids;
  throw new Error(`${path} was matched without its ids`);
}

function hasIds<P extends string>(
  path: P,
  ids: Record<string, string>,
): ids is Record<string, string> & PathIds<P> {
  return path.split('/').every((segment) => !segment.startsWith(':') || segment.slice(1) in ids);
}

interface Node {
  readonly children: Map<string, Node>;
  any?: Node;
  readonly routes: Map<string, { route: Route; names: string[] }>;
}

/** Finds the row for a method and path by walking the path's segments. */
export class Router {
  readonly #root = newNode();

  constructor(routes: readonly Route[]) {
    for (const each of routes) this.#add(each);
  }

  find(method: string, path: string): { route: Route; ids: ReadonlyMap<string, string> } | undefined {
    const values: string[] = [];
    const node = walk(this.#root, path.split('/').slice(1), values);
    const found = node?.routes.get(method);
    if (found === undefined) return undefined;
    return {
      route: found.route,
      ids: new Map(found.names.map((name, index) => [name, values[index] ?? ''])),
    };
  }

  #add(added: Route): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of added.path.split('/').slice(1)) {
      if (segment.startsWith(':')) {
        names.push(segment.slice(1));
        node.any ??= newNode();
        node = node.any;
      } else {
        const child = node.children.get(segment) ?? newNode();
        node.children.set(segment, child);
        node = child;
      }
    }
    node.routes.set(added.method, { route: added, names });
  }
}

/** Literal segments win over ids; `values` collects the ids on the way. */
function walk(node: Node, segments: readonly string[], values: string[]): Node | undefined {
  let current = node;
  for (const segment of segments) {
    const child = current.children.get(segment);
    if (child !== undefined) current = child;
    else if (current.any !== undefined && segment !== '') {
      values.push(decodeSegment(segment));
      current = current.any;
    } else return undefined;
  }
  return current;
}

/** One part of a path. What isn't well encoded is left as it is: no object has such an id. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function newNode(): Node {
  return { children: new Map(), routes: new Map() };
}
