/** Loaded before `api/main.ts`: boundaries around each call to Temporal, and around storing usage. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { WithStartWorkflowOperation, WorkflowClient } from '@temporalio/client';
import type { BoundaryStep } from './boundary.ts';
import { reach, standStillAround } from './reach.ts';

standStillAround(WorkflowClient.prototype, 'signalWithStart', (args) =>
  stepOf('signal', args, nameOf(args, 'signal')),
);
standStillAround(WorkflowClient.prototype, 'start', (args) => stepOf('start', args, String(args[0])));
standStillAround(WorkflowClient.prototype, 'execute', (args) => stepOf('run', args, String(args[0])));
standStillAround(WorkflowClient.prototype, 'executeUpdateWithStart', (args) =>
  stepOf('update', args, String(args[0])),
);

/** Handles are made one by one, each with methods of its own. */
// oxlint-disable-next-line typescript/unbound-method -- called with the client that asks for the handle
const { getHandle } = WorkflowClient.prototype;
WorkflowClient.prototype.getHandle = function (...args: Parameters<typeof getHandle>) {
  const handle: ReturnType<typeof getHandle> = Reflect.apply(getHandle, this, args);
  standStillAround(handle, 'executeUpdate', ([update]) => ({
    name: `update ${String(update)}`,
    about: handle.workflowId,
  }));
  return handle;
};

function stepOf(verb: string, [, options]: readonly unknown[], what: string): BoundaryStep {
  return { name: `${verb} ${what}`, about: JSON.stringify(options, idsOnly) };
}

function nameOf([, options]: readonly unknown[], property: string): string {
  return typeof options === 'object' && options !== null ? String(Reflect.get(options, property)) : '';
}

/** What the options hold of the SDK's own objects refers to itself. */
function idsOnly(_key: string, value: unknown): unknown {
  return value instanceof WithStartWorkflowOperation ? value.options.workflowId : value;
}

/** What the api answers to a batch of usage it answers after it is stored: that is the moment. */
const end: unknown = Reflect.get(ServerResponse.prototype, 'end');
if (typeof end !== 'function') throw new Error('Responses have no end');
Reflect.set(ServerResponse.prototype, 'end', function (this: ServerResponse, ...args: unknown[]): unknown {
  const { req: request } = this;
  const finish = (): unknown => Reflect.apply(end, this, args);
  const isStored = this.statusCode === 200;
  if (request.method !== 'POST' || request.url !== '/api/usage-events' || !isStored) return finish();
  void reach({ name: 'store usage', side: 'after', about: bodyOf(request) }).then(finish);
  return this;
});

/** As Express has read it. */
function bodyOf(request: IncomingMessage): string {
  return JSON.stringify('body' in request ? request.body : null);
}
