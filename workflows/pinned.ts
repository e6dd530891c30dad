import type { WorkflowDefinitionOptions } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';

/**
 * For a workflow that ends with the version of the workers that it began with. Without versions nothing may be said of them: Temporal
 * refuses a task that names a behaviour and no version, and the workflow would stand still.
 */
export function pinnedToVersion(): WorkflowDefinitionOptions {
  const { deploymentName = '' } = workflowInfo().currentDeploymentVersion ?? {};
  return deploymentName === '' ? {} : { versioningBehavior: 'PINNED' };
}
