/**
 * What can go wrong while the embedded parts are brought up. None of it mends itself by trying again.
 *
 * - `port_taken`: another program listens there
 * - `part_unavailable`: a program could be neither found nor fetched nor built
 * - `folder_unusable`: a folder can't be reached or doesn't hold what it should
 * - `start_failed`: a program ended, or did not get ready in time
 */
export type StackErrorCode = 'port_taken' | 'part_unavailable' | 'folder_unusable' | 'start_failed';

/** A part of the stack could not be had. The message is for the person at the terminal and says what to do. */
export class StackError extends Error {
  readonly code: StackErrorCode;

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StackError';
    this.code = code;
  }
}

/** Whether it is a system error of that code: `ENOENT`, `EEXIST`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
