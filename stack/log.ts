import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

/** Where a part of the stack tells what it does. A line has no newline at its end. */
export type Log = (line: string) => void;

/** A log whose lines begin with who said it: `[postgres] ready`. */
export function prefixed(name: string, log: Log): Log {
  return (line) => log(`[${name}] ${line}`);
}

/** A log that appends to a file, kept from other users of the machine. Lines written after `close` are dropped. */
export function logToFile(file: string): { log: Log; close(): Promise<void> } {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  // A full disk must not bring the stack down: the log is the lesser loss.
  stream.on('error', () => undefined);
  return {
    log: (line) => {
      if (stream.writable) stream.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

/** Calls `onLine` for each line a stream brings, the unfinished last one included; carriage returns end a line too. */
export function eachLine(stream: Readable, onLine: Log): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
  stream.on('end', () => {
    if (rest.trim() !== '') onLine(rest);
  });
}
