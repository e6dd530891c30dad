import type { WorkflowBundlePath } from '@temporalio/worker';
import { inject } from 'vitest';

/** The workflow code of today, bundled once for the whole run: a few seconds that no test file spends again. */
export function workflowBundle(): WorkflowBundlePath {
  return { codePath: inject('programs').workflows };
}
