import type { IRouter, RequestHandler } from 'express';
import { HttpError } from './errors.ts';

/** Of HTTP's methods, those that any route of ours takes. */
export type Method = 'get' | 'put' | 'post';

/** Adds a path with all its methods, so that any other method of it is refused by name. */
export function addRoute(
  app: IRouter,
  path: string,
  handlers: Partial<Readonly<Record<Method, readonly RequestHandler[]>>>,
): void {
  const route = app.route(path);
  const allowed: string[] = [];
  for (const method of ['get', 'put', 'post'] as const) {
    const chain = handlers[method];
    if (chain === undefined) continue;
    route[method](...chain);
    allowed.push(method.toUpperCase());
  }
  route.all((request, response) => {
    response.set('Allow', allowed.join(', '));
    throw new HttpError('method_not_allowed', `${path} takes ${allowed.join(' or ')}, not ${request.method}`);
  });
}
