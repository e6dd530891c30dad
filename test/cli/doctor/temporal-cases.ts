import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import getPort from 'get-port';
import { inject } from 'vitest';
import { connectLazily } from '../../../api/temporal/connection.ts';
import { eventually } from '../../../chaos/world/eventually.ts';
import { MONTHLY_BILLING_SCHEDULE } from '../../../domain/schedules.ts';
import { ensureSchedule } from '../../../worker/namespace.ts';
import type { Case, Clinic } from './clinic.ts';

/** Of Temporal: namespace, workers, Schedules, workflows. */
export function temporalCases(clinic: Clinic): readonly Case[] {
  const scheduleOf = () =>
    clinic.service.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));
  return [
    {
      what: 'a dead Temporal, of which all else of it is a consequence',
      breaks: async () => {
        const { connection, close } = connectLazily({ address: `127.0.0.1:${await getPort()}` });
        return { parts: { temporal: new Client({ connection }) }, undo: close };
      },
      finds: ['temporal'],
      finding: /It can not be looked at|No answer/,
      mend: /TEMPORAL_ADDRESS/,
    },
    {
      what: 'a namespace where no worker has ever been',
      breaks: async () => {
        const connection = await Connection.connect({ address: inject('temporalAddress') });
        const namespace = `doctor-${randomUUID()}`;
        await connection.workflowService.registerNamespace({
          namespace,
          workflowExecutionRetentionPeriod: msToTs('1 day'),
        });
        const temporal = new Client({ connection, namespace });
        await eventually(
          'the namespace',
          () => temporal.workflow.count(''),
          ({ count }) => count === 0,
        );
        return { parts: { temporal, isTemporalEmbedded: false }, undo: () => connection.close() };
      },
      finds: [
        'search_attributes',
        'workers:billing:workflow',
        'workers:billing:activity',
        'workers:billing-batch:workflow',
        'workers:billing-batch:activity',
        'workers:billing-charges-live:activity',
        'workers:billing-charges-test:activity',
        'workers:billing-hooks:activity',
        'schedule:monthly-billing live',
        'schedule:reconciliation live',
        'schedule:monthly-billing test',
        'schedule:reconciliation test',
        'retention',
      ],
      finding: /lacks .*BillingStatus/,
      mend: /Start a worker/,
    },
    {
      what: 'a paused Schedule',
      breaks: async () => {
        await scheduleOf().pause();
        return { undo: () => scheduleOf().unpause() };
      },
      finds: ['schedule:monthly-billing test'],
      state: 'warning',
      finding: /monthly-billing-test is paused/,
      mend: /Unpause the Schedule/,
    },
    {
      what: 'a Schedule that runs at another time',
      breaks: async () => {
        await scheduleOf().update(({ spec: _spec, ...rest }) => ({
          ...rest,
          spec: { cronExpressions: ['0 6 2 * *'], timezone: 'Europe/Berlin' },
        }));
        return { undo: () => ensureSchedule(clinic.service.temporal, MONTHLY_BILLING_SCHEDULE, 'test') };
      },
      finds: ['schedule:monthly-billing test'],
      finding: /runs at "0 6 2 \* \* Europe\/Berlin", not at "0 0 1 \* \* UTC"/,
      mend: /Start a worker that has the Stripe key of test mode/,
    },
    {
      what: 'a Schedule that is gone',
      breaks: async () => {
        await scheduleOf().delete();
        return { undo: () => ensureSchedule(clinic.service.temporal, MONTHLY_BILLING_SCHEDULE, 'test') };
      },
      finds: ['schedule:monthly-billing test'],
      finding: /There is no Schedule monthly-billing-test/,
      mend: /Start a worker/,
    },
    {
      what: 'a workflow whose code fails',
      breaks: async () => {
        const taskQueue = 'of-a-worker-that-fails';
        const { workflowService, options } = clinic.service.temporal;
        const handle = await clinic.service.temporal.workflow.start('broken', {
          workflowId: 'stuck-one',
          taskQueue,
        });
        for (let failures = 0; failures < 2; failures += 1) {
          const { namespace } = options;
          const { taskToken } = await clinic.service.temporal.withDeadline(Date.now() + 60_000, () =>
            workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
          );
          await workflowService.respondWorkflowTaskFailed({ namespace, taskToken });
        }
        await eventually(
          'the third attempt',
          async () => (await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0,
          (attempt) => attempt >= 3,
        );
        return { undo: () => handle.terminate() };
      },
      finds: ['stuck_workflows'],
      finding: /1 workflow stands still, since code fails that runs it: stuck-one/,
      mend: /deploy workers whose code its history can follow/,
    },
  ];
}
