import type { ServerResponse } from 'node:http';

/** Answers with what takes long, and ends it when nobody waits for the answer any more; nothing is answered then. */
export async function whileAwaited(
  response: ServerResponse,
  work: (gone: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    await work(gone.signal);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}
