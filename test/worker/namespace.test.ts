import { Client, Connection } from '@temporalio/client';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { SCHEDULES } from '../../domain/schedules.ts';
import { ensureSchedules } from '../../worker/namespace.ts';
import { createNamespace } from '../support/billing-worker.ts';

test('a Temporal that answers too late for its Schedules is asked again', async () => {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  onTestFinished(() => connection.close());
  const client = new Client({ connection, namespace: await createNamespace(connection) });
  const tooLate = async (): Promise<never> => {
    await connection.withDeadline(Date.now() - 1, () => client.workflow.count());
    throw new Error('it was in time');
  };
  vi.spyOn(client.schedule, 'create').mockImplementationOnce(tooLate).mockImplementationOnce(tooLate);

  await ensureSchedules(client, 'test');
  for (const schedule of SCHEDULES) {
    const { scheduleId } = await client.schedule.getHandle(schedule.scheduleId('test')).describe();
    expect(scheduleId).toBe(schedule.scheduleId('test'));
  }
});
