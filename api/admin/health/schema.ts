import { z } from 'zod';
import { MODES } from '../../../domain/mode.ts';
import { CHECK_STATES } from '../../health/check.ts';

const state = z.enum(CHECK_STATES).meta({
  description:
    'warning: a person should look, and nothing is lost meanwhile. problem: something does not work',
});

/** Answer of `GET /api/admin/health`. */
export const healthSchema = z
  .strictObject({
    state: state.meta({ description: 'The worst of all checks' }),
    lookedAt: z.iso.datetime(),
    checks: z.array(
      z.strictObject({
        id: z.string(),
        mode: z.enum(MODES).nullable().meta({ description: 'null: of both' }),
        state,
        finding: z.string().meta({ description: 'What was found' }),
        mend: z.string().nullable().meta({ description: 'How to mend it' }),
      }),
    ),
  })
  .meta({ id: 'Health' });
