import { once } from 'node:events';
import type { Writable } from 'node:stream';
import Table from 'cli-table3';
import colors from 'picocolors';

/** One line to standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Writes what may be much, and waits while its reader is slower. */
export function writeTo(output: Writable): (text: string) => Promise<void> {
  return async (text) => {
    if (text !== '' && !output.write(text)) await once(output, 'drain');
  };
}

/** One line to standard error about what goes on, where it is not in the way of `--json`. */
export function note(line: string): void {
  process.stderr.write(`… ${line}\n`);
}

/** One line to standard error, in red. */
export function complain(line: string): void {
  process.stderr.write(`${colors.red(line)}\n`);
}

/** How a column of a {@link table} is headed; text stands left, figures right. */
export interface Column {
  readonly name: string;
  readonly align?: 'left' | 'right';
}

/** A column of figures. */
export function right(name: string): Column {
  return { name, align: 'right' };
}

/** A table as a person reads it: aligned columns under a bold head, no frame. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: columns.map(({ name }) => colors.bold(name)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString().replaceAll(/^/gm, '  ').replaceAll(/ +$/gm, '');
}

/** Every place where cli-table3 would draw a line. */
const LINES =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle';
const NO_LINES = Object.fromEntries(LINES.split(' ').map((name) => [name, '']));

/** What a program says as it ends by an error: the sentence of one of ours, and of any other the stack trace. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = [
    'ConfigurationError',
    'StackError',
    'PortTakenError',
    'DemoFailure',
    'RefusedError',
    'UsageError',
    'UnusablePriceError',
    'MissingPermissionError',
    'PastPriceError',
    'UsageStillTakenError',
  ].includes(error.name);
  return isOurs ? error.message : (error.stack ?? error.message);
}
