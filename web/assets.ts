import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import { HttpError } from '../api/errors.ts';
import { addRoute } from '../api/route.ts';
import { pageHeaders } from './headers.ts';

const { resolve } = createRequire(import.meta.url);

const ASSETS_PATH = '/assets';

/** The files that pages load, by the names that they know them by. */
const SOURCES = {
  'pico.css': resolve('@picocss/pico/css/pico.min.css'),
  'site.css': path.join(import.meta.dirname, 'assets', 'site.css'),
  'htmx.js': resolve('htmx.org/dist/htmx.min.js'),
  'icon.svg': path.join(import.meta.dirname, 'assets', 'icon.svg'),
} as const;
/** A file that {@link assetUrl} knows the address of. */
export type AssetName = keyof typeof SOURCES;

interface Asset {
  /** With a hash of what is in it: so a browser may keep it for ever, and still gets the next version at once. */
  readonly file: string;
  readonly type: string;
  readonly content: Buffer;
}

const ASSETS = new Map(Object.entries(SOURCES).map(([name, source]) => [name, readAsset(name, source)]));

function readAsset(name: string, source: string): Asset {
  const content = readFileSync(source);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const { name: stem, ext } = path.parse(name);
  return { file: `${stem}.${hash}${ext}`, type: ext, content };
}

/** The address of a file. */
export function assetUrl(name: AssetName): string {
  return `${ASSETS_PATH}/${ASSETS.get(name)?.file ?? name}`;
}

/** Serves them from memory; they hold no secret, and whoever signs in needs them before that. */
export function addAssets(app: Express): void {
  const assets = express.Router();
  addRoute(assets, '/:file', { get: [pageHeaders, serveAsset] });
  app.use(ASSETS_PATH, assets);
}

const serveAsset: RequestHandler = (request, response) => {
  const asset = [...ASSETS.values()].find(({ file }) => file === request.params['file']);
  if (asset === undefined) throw new HttpError('not_found', 'There is no such file: load the page again');
  response.set('Cache-Control', 'public, max-age=31536000, immutable');
  response.type(asset.type).send(asset.content);
};
