import type { Finding } from './finding.ts';
import type { SeenWorkflow } from './seen.ts';

/** Customers' workflows run for ever, one run after the other; all others are over when nothing is under way. */
const FOR_EVER = 'customerBillingWorkflow';

/** Did every workflow go as it must, and does none hang? */
export function workflowFindings(workflows: readonly SeenWorkflow[]): Finding[] {
  return workflows.flatMap((workflow) =>
    workflowProblems(workflow).map((what) => ({ about: workflow.workflowId, what })),
  );
}

function workflowProblems({ type, status, workflowTaskAttempt, pendingActivities }: SeenWorkflow): string[] {
  if (status === 'CONTINUED_AS_NEW' || (status === 'COMPLETED' && type !== FOR_EVER)) return [];
  if (status !== 'RUNNING') return [`it is ${status}`];
  return [
    ...(type === FOR_EVER ? [] : ['it still runs']),
    ...(workflowTaskAttempt > 1 ? [`its workflow task has failed ${workflowTaskAttempt - 1} times`] : []),
    ...pendingActivities.map(
      ({ name, attempt, problem }) => `${name} is tried for the ${attempt}th time: ${problem}`,
    ),
  ];
}
