import Table from 'cli-table3';
import colors from 'picocolors';

/** One line to standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** One line to standard error, in red. */
export function complain(line: string): void {
  process.stderr.write(`${colors.red(line)}\n`);
}

export interface Column {
  readonly name: string;
  readonly align?: 'left' | 'right';
}

/** A table as a person reads it: aligned columns, one rule under the head. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: columns.map(({ name }) => colors.bold(name)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { head: [], border: ['dim'] },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}

/** Ends the program with the reason in one sentence; the stack trace only where the error is not one of ours. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = [
    'ConfigurationError',
    'StackError',
    'PortTakenError',
    'DemoFailure',
    'UsageError',
    'UnusablePriceError',
  ].includes(error.name);
  return isOurs ? error.message : (error.stack ?? error.message);
}
