import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import express, { type Express } from 'express';
import { addRoute } from '../route.ts';
import { describeApi } from './document.ts';

const PAGE = path.join(import.meta.dirname, 'page');
// Not by its package's entry, which would load the whole bundle into this process.
const SWAGGER_UI = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Nothing comes from elsewhere and nothing is inline; the icons in Swagger UI's style sheet are `data:`. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The files of the page hold no secret, and are large. A folder has no index of its own. */
const FILES = {
  index: false,
  redirect: false,
  cacheControl: false,
  setHeaders: (response: ServerResponse) => response.setHeader('Cache-Control', 'public, max-age=3600'),
} as const;

/** `/openapi.json`: what this api takes and answers, by its own schemas. `/docs`: the same for a reader. */
export function addDocumentationRoutes(app: Express): void {
  const document = describeApi();
  addRoute(app, '/openapi.json', { get: [(_request, response) => void response.json(document)] });

  addRoute(app, '/docs', {
    get: [
      (request, response) => {
        // The page's addresses are relative to the folder it lies in.
        if (request.path.endsWith('/')) return response.redirect('../docs');
        response.set({
          'Content-Security-Policy': CONTENT_SECURITY_POLICY,
          'Referrer-Policy': 'no-referrer',
        });
        return response.sendFile('index.html', { root: PAGE, cacheControl: false });
      },
    ],
  });
  app.use('/docs', express.static(PAGE, FILES), express.static(SWAGGER_UI, FILES));
}
