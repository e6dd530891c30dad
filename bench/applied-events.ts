import { Client } from 'pg';

/** Says when an event has had its effect: the moment at which the transaction that saves it is committed. */
export interface AppliedEvents extends AsyncDisposable {
  /** Resolves when the event is saved, with the time by `performance.now()`; to be called before it is sent. */
  when(eventId: string): Promise<number>;
}

const CHANNEL = 'applied_stripe_events';

/** Has PostgreSQL tell of each row of `applied_stripe_events`: asking again and again would be part of what is measured. */
export async function watchAppliedEvents(databaseUrl: string): Promise<AppliedEvents> {
  const client = new Client({ connectionString: databaseUrl });
  const waiting = new Map<string, (at: number) => void>();
  client.on('notification', ({ payload = '' }) => {
    waiting.get(payload)?.(performance.now());
    waiting.delete(payload);
  });
  // PostgreSQL goes when the stack does, and whoever started that says why.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`
    CREATE OR REPLACE FUNCTION tell_of_applied_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('${CHANNEL}', NEW.event_id);
      RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER tell_of_applied_event AFTER INSERT ON applied_stripe_events
      FOR EACH ROW EXECUTE FUNCTION tell_of_applied_event();
    LISTEN ${CHANNEL}`);
  return {
    when: (eventId) =>
      new Promise((resolve) => {
        waiting.set(eventId, resolve);
      }),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
