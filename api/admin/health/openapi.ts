import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { answer } from '../../openapi/answers.ts';
import { adminOperation } from '../openapi-parts.ts';
import { healthSchema } from './schema.ts';

/** What works and what does not, for the OpenAPI document. */
export const healthPaths: ZodOpenApiPathsObject = {
  '/api/admin/health': {
    get: adminOperation(
      {
        operationId: 'getFindings',
        summary: 'Look at all that billing needs: what was found, and how to mend it',
        description:
          'Of Stripe itself nothing is asked: that is for "npm run billing -- doctor". It answers 200 whatever it finds.',
        responses: {
          200: answer(
            'What was found',
            healthSchema,
            {
              state: 'warning',
              lookedAt: '2026-11-04T00:00:00.000Z',
              checks: [
                {
                  id: 'database',
                  mode: null,
                  state: 'ok',
                  finding: 'PostgreSQL answers within 2 ms.',
                  mend: null,
                },
                {
                  id: 'bills',
                  mode: 'live',
                  state: 'warning',
                  finding: '3 parked of 2026-10.',
                  mend: 'The months say why; mend what Stripe says and retry the parked, release or skip the held.',
                },
              ],
            },
            { limited: false },
          ),
        },
      },
      [],
    ),
  },
};
