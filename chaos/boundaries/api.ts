/** Loaded before `api/main.ts`: boundaries around each call to Temporal, and around storing usage. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { WorkflowClient } from '@temporalio/client';
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

function stepOf(verb: string, [, options]: readonly unknown[], what: string): BoundaryStep {
  return { name: `${verb} ${what}`, about: JSON.stringify(options, idsOnly) };
}

function nameOf([, options]: readonly unknown[], property: string): string {
  return typeof options === 'object' && options !== null ? String(Reflect.get(options, property)) : '';
}

/** What the options hold of the SDK's own objects refers to itself. */
function idsOnly(key: string, value: unknown): unknown {
  return key === 'startWorkflowOperation' ? undefined : value;
}

/** What the api answers to a batch of usage it answers after it is stored: that is the moment. */
const end: unknown = Reflect.get(ServerResponse.prototype, 'end');
if (typeof end !== 'function') throw new Error('Responses have no end');
Reflect.set(ServerResponse.prototype, 'end', function (this: ServerResponse, ...args: unknown[]): unknown {
  const { req: request } = this;
  const finish = (): unknown => Reflect.apply(end, this, args);
  if (request.method !== 'POST' || request.url !== '/api/usage-events') return finish();
  void reach({ name: 'store usage', side: 'after', about: bodyOf(request) }).then(finish);
  return this;
});

/** As Express has read it. */
function bodyOf(request: IncomingMessage): string {
  return JSON.stringify('body' in request ? request.body : null);
}
