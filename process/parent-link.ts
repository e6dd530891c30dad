/** Tells the process that started us (stack/child-service.ts) that we serve. Does nothing if we were started alone. */
export function announceReady(info: { readonly port?: number } = {}): void {
  // The callback takes the error of a parent that is gone, which `stopWithParent` handles.
  process.send?.({ ready: true, ...info }, () => undefined);
}

/**
 * After so long a service ends whatever is still under way: longer than api and worker give to what they do (ten seconds), and shorter than
 * whoever started them waits before killing (stack/child-service.ts 15 s, docker-compose.yml 30 s at least).
 */
export const SHUTDOWN_MS = 13_000;

/** Why a service is to stop. */
export type StopReason = 'SIGTERM' | 'SIGINT' | 'parent gone';

/**
 * Ends this process in good order when it is asked to (SIGTERM, or SIGINT at a terminal) and when the process that
 * started it is gone, even by SIGKILL: no service outlives the stack it belongs to. To be called once, by `main`.
 *
 * @param shutdown finishes the work at hand; the process exits when it resolves (0) or rejects (1), and at the
 *   latest after `graceMs` (1)
 */
export function stopWithParent(shutdown: (reason: StopReason) => Promise<void>, graceMs = SHUTDOWN_MS): void {
  let stopping = false;
  const stop = (reason: StopReason): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    shutdown(reason).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', () => stop('parent gone'));
  // The parent may have gone before we got here.
  if (process.send && !process.connected) stop('parent gone');
}
