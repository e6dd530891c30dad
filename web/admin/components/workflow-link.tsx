import { workflowUrl } from '../../../domain/workflow-link.ts';
import { Id } from '../../components/values.tsx';
import { useAdmin } from './admin-context.ts';

interface WorkflowLinkProps {
  readonly workflowId: string;
  /** Of the link, where the page must find it again: when htmx replaces what it stands in, the focus comes back to it. */
  readonly id?: string;
  /** What it is called here; its id unless given. */
  readonly children?: string;
}

/** To a workflow in Temporal's Web UI, or its id where that is not known. */
export function WorkflowLink({ workflowId, id, children }: WorkflowLinkProps) {
  const href = workflowUrl(useAdmin().temporalUi, workflowId);
  if (href === null) return <Id id={workflowId} />;
  return (
    <a href={href} id={id} title={workflowId} target="_blank" rel="noreferrer">
      {children ?? workflowId}
    </a>
  );
}
