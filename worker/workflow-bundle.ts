import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../workflows/workflows.ts', import.meta.url));
const TRACE_CONTEXT = fileURLToPath(new URL('../workflows/trace-context.ts', import.meta.url));

/** Bundles all workflow code into one script for Temporal's sandbox; takes a few seconds. What converts failures is part of it. */
export async function bundleWorkflows({
  failureConverterPath,
}: DataConverter = {}): Promise<WorkflowBundleWithSourceMap> {
  return await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    workflowInterceptorModules: [TRACE_CONTEXT],
    logger: quiet,
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
  });
}

const quiet = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: console.warn,
  error: console.error,
};
