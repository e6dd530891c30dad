import type { StackFile } from '../config/stack-file.ts';

/** Where the Temporal Web UI shows a workflow, or its id when the UI's address is not known. */
export function workflowLink(
  stack: Pick<StackFile, 'temporalUiUrl' | 'temporalNamespace'>,
  workflowId: string,
): string {
  if (stack.temporalUiUrl === null) return workflowId;
  return `${stack.temporalUiUrl}/namespaces/${stack.temporalNamespace}/workflows/${encodeURIComponent(workflowId)}`;
}
