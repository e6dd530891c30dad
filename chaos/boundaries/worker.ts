/** Loaded before `worker/main.ts`: boundaries around each activity, and around each write to Stripe. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Context } from '@temporalio/activity';
import {
  type ActivityExecuteInput,
  type ActivityInboundCallsInterceptor,
  type Next,
  Worker,
  type WorkerOptions,
  type WorkflowBundle,
} from '@temporalio/worker';
import { WorkflowCodeBundler } from '@temporalio/worker/lib/workflow/bundler.js';
import { Stripe } from 'stripe';
import { inheritedEnvironment } from '../../config/machine.ts';
import { WORKFLOW_BUNDLE } from './boundary.ts';
import { betweenBoundaries, standStillAround } from './reach.ts';

/** An activity that stands still must not be taken for one whose worker is gone. */
const BEAT_MS = 2_000;

/** For whom the activity works from which a request to Stripe comes. */
const aboutActivity = new AsyncLocalStorage<string>();

/** Outside all interceptors of the worker's own: before it nothing has happened, after it Temporal has not heard of it. */
class BoundaryInterceptor implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const context = Context.current();
    const { activityType: name, workflowExecution } = context.info;
    const about = JSON.stringify({ workflowId: workflowExecution?.workflowId, args: input.args });
    const beats = setInterval(() => context.heartbeat(), BEAT_MS);
    try {
      return await aboutActivity.run(about, () => betweenBoundaries({ name, about }, () => next(input)));
    } finally {
      clearInterval(beats);
    }
  }
}

const createWorker = Worker.create.bind(Worker);
Worker.create = async (options: WorkerOptions) => {
  const { activity = [], ...others } = options.interceptors ?? {};
  const outermost = () => ({ inbound: new BoundaryInterceptor() });
  return await createWorker({ ...options, interceptors: { ...others, activity: [outermost, ...activity] } });
};

const createHttpClient = Stripe.createNodeHttpClient.bind(Stripe);
Stripe.createNodeHttpClient = (...args) => {
  const client = createHttpClient(...args);
  standStillAround(client, 'makeRequest', ([, , path, method]) => {
    const about = aboutActivity.getStore();
    return method === 'GET' || about === undefined
      ? null
      : { name: `${String(method)} ${routeOf(String(path))}`, about };
  });
  return client;
};

/** `/v1/invoices/in_1/pay` → `/v1/invoices/:id/pay` */
function routeOf(path: string): string {
  return path.replace(/\?.*$/, '').replaceAll(/\/[a-z]+_\w{8,}/g, '/:id');
}

const bundleFile = inheritedEnvironment()[WORKFLOW_BUNDLE];
const bundler: { createBundle(): Promise<WorkflowBundle> } = WorkflowCodeBundler.prototype;
// oxlint-disable-next-line typescript/unbound-method -- called with the bundler that it was taken from
const { createBundle } = bundler;
bundler.createBundle = async function (): Promise<WorkflowBundle> {
  if (bundleFile === undefined) return await createBundle.call(this);
  if (!existsSync(bundleFile)) {
    const { code } = await createBundle.call(this);
    writeFileSync(`${bundleFile}.new`, code);
    renameSync(`${bundleFile}.new`, bundleFile);
  }
  return { code: readFileSync(bundleFile, 'utf8') };
};
