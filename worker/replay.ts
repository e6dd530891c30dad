/** Tries the workflow code of this checkout against the histories of workflows that run, before it is deployed to them. */
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { CHARGE_EVENT_WORKFLOW } from '../domain/charge-event.ts';
import { CUSTOMER_BILLING_WORKFLOW, CUSTOMER_REGISTRATION_WORKFLOW } from '../domain/customer-workflow.ts';
import { USER_ERASURE_WORKFLOW } from '../domain/erasure.ts';
import {
  CHARGE_PARTITION_WORKFLOW,
  MONTHLY_BILLING_WORKFLOW,
  SCHEDULED_MONTHLY_BILLING_WORKFLOW,
} from '../domain/monthly-close.ts';
import { RECONCILIATION_WORKFLOW, SCHEDULED_RECONCILIATION_WORKFLOW } from '../domain/reconciliation.ts';
import { TEST_PURCHASE_WORKFLOW } from '../domain/test-purchase.ts';

/** Every type of workflow that there is. */
export const WORKFLOW_TYPES = [
  CUSTOMER_BILLING_WORKFLOW,
  CUSTOMER_REGISTRATION_WORKFLOW,
  CHARGE_EVENT_WORKFLOW,
  MONTHLY_BILLING_WORKFLOW,
  CHARGE_PARTITION_WORKFLOW,
  SCHEDULED_MONTHLY_BILLING_WORKFLOW,
  RECONCILIATION_WORKFLOW,
  SCHEDULED_RECONCILIATION_WORKFLOW,
  TEST_PURCHASE_WORKFLOW,
  USER_ERASURE_WORKFLOW,
] as const;

/** A workflow that would stand still if this code were deployed. */
export interface BrokenWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  /** What Temporal's SDK says it would now do otherwise. */
  readonly problem: string;
}

/** What became of one type of workflow. */
export interface ReplayedType {
  readonly workflowType: string;
  readonly running: number;
  readonly replayed: number;
  readonly broken: readonly BrokenWorkflow[];
}

/** The code to be tried, how payloads of the namespace are read, and how much is tried. */
export interface ReplayOptions {
  readonly workflowBundle: NonNullable<ReplayWorkerOptions['workflowBundle']>;
  readonly dataConverter: DataConverter;
  /** The newest of each type. */
  readonly limit: number;
}

/** Those that are pinned to a version of the workers keep its code, so this one is none of their concern. */
const runningOf = (workflowType: string) =>
  `WorkflowType = "${workflowType}" AND ExecutionStatus = "Running" AND (TemporalWorkflowVersioningBehavior IS NULL OR TemporalWorkflowVersioningBehavior != "Pinned")`;

/**
 * Replays them type by type. It only reads: no worker takes a task of the namespace.
 *
 * @throws ServiceError when Temporal can't be asked.
 */
export async function* replayRunning(client: Client, options: ReplayOptions): AsyncGenerator<ReplayedType> {
  const { workflowBundle, dataConverter, limit } = options;
  for (const workflowType of WORKFLOW_TYPES) {
    const query = runningOf(workflowType);
    const { count } = await client.workflow.count(query);
    const histories = client.workflow.list({ query }).intoHistories({ concurrency: 4, bufferLimit: 8 });
    const broken: BrokenWorkflow[] = [];
    let replayed = 0;
    for await (const { workflowId, runId, error } of Worker.runReplayHistories(
      { workflowBundle, dataConverter },
      firstOf(histories, limit),
    )) {
      replayed += 1;
      if (error !== undefined) broken.push({ workflowId, runId, problem: error.message });
    }
    yield { workflowType, running: count, replayed, broken };
  }
}

async function* firstOf<Item>(items: AsyncIterable<Item>, limit: number): AsyncGenerator<Item> {
  let count = 0;
  if (limit === 0) return;
  for await (const item of items) {
    yield item;
    count += 1;
    if (count === limit) return;
  }
}
