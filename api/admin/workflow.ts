import { z } from 'zod';
import { type TemporalUi, workflowUrl } from '../../domain/workflow-link.ts';
import type { ApiDependencies } from '../dependencies.ts';

/** A workflow, and where a person can look at it. */
export const workflowSchema = z
  .strictObject({
    id: z.string(),
    url: z.url().nullable().meta({
      description: "Where Temporal's Web UI shows it; null when its address is not known (TEMPORAL_UI_URL)",
    }),
  })
  .meta({ id: 'Workflow' });

/** A workflow as answers name it, for a person to follow. */
export type WorkflowRef = z.output<typeof workflowSchema>;

type KnowsTemporal = Pick<ApiDependencies, 'temporal' | 'temporalUiUrl'>;

/** Where Temporal's Web UI shows the workflows of this api. */
export function temporalUiOf({ temporal, temporalUiUrl = null }: KnowsTemporal): TemporalUi {
  return { temporalUiUrl, temporalNamespace: temporal.options.namespace };
}

/** Asks nobody: whether there is such a workflow (any more), the link shows. */
export function workflowRef(dependencies: KnowsTemporal, workflowId: string): WorkflowRef {
  return { id: workflowId, url: workflowUrl(temporalUiOf(dependencies), workflowId) };
}

/** For the examples of /openapi.json. */
export const EXAMPLE_WORKFLOW: WorkflowRef = {
  id: 'customer-billing:test:cus_QXg1o8vlGmxVq4',
  url: 'http://127.0.0.1:8233/namespaces/default/workflows/customer-billing%3Atest%3Acus_QXg1o8vlGmxVq4',
};
