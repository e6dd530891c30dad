/** Where Temporal's Web UI is, as far as is known. */
export interface TemporalUi {
  /** `null` when its address is not known: an own Temporal server without TEMPORAL_UI_URL. */
  readonly temporalUiUrl: string | null;
  readonly temporalNamespace: string;
}

/** Where Temporal's Web UI shows a workflow; `null` when the UI's address is not known. */
export function workflowUrl(
  { temporalUiUrl, temporalNamespace }: TemporalUi,
  workflowId: string,
): string | null {
  if (temporalUiUrl === null) return null;
  return `${temporalUiUrl}/namespaces/${temporalNamespace}/workflows/${encodeURIComponent(workflowId)}`;
}

/** The same for a text: the workflow's id when the UI's address is not known. */
export function workflowLink(ui: TemporalUi, workflowId: string): string {
  return workflowUrl(ui, workflowId) ?? workflowId;
}
