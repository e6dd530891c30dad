import type { IRouter } from 'express';
import type { ReadHealth } from '../../../api/admin/health/health.ts';
import { addRoute } from '../../../api/route.ts';
import type { Shell } from '../shell.tsx';
import { Findings, HealthPage } from './page.tsx';

/** The tab Health: what was found, and the part of it that is live. */
export function addHealthTab(pages: IRouter, readHealth: ReadHealth, shell: Shell): void {
  addRoute(pages, '/health', {
    get: [
      async (request, response) => {
        const health = await readHealth();
        shell.page(request, response, { title: 'Health', tab: 'health' }, <HealthPage health={health} />);
      },
    ],
  });

  addRoute(pages, '/health/findings', {
    get: [
      async (request, response) => {
        shell.part(request, response, <Findings health={await readHealth()} />);
      },
    ],
  });
}
