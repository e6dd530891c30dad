import { readFile } from 'node:fs/promises';
import { childrenOf } from '../stack/processes.ts';

/** Of `/proc/PID/stat`: what Linux counts processor time in, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/**
 * Processor time that a process and its children have used since they began, in milliseconds; with those children that have
 * ended and were waited for. `null` where there is no /proc.
 */
export async function cpuMs(pid: number): Promise<number | null> {
  const own = await ticksOf(pid);
  if (own === null) return null;
  const children = await Promise.all((await childrenOf(pid)).map(ticksOf));
  const ticks = children.reduce((sum, child) => sum + (child?.own ?? 0), own.own + own.endedChildren);
  return (ticks * 1_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in bytes; `null` where there is no /proc. */
export async function residentBytes(pid: number): Promise<number | null> {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
}

/** `null` for a process that has ended. */
async function ticksOf(
  pid: number,
): Promise<{ readonly own: number; readonly endedChildren: number } | null> {
  const line = await read(`/proc/${pid}/stat`);
  // The second field is a name, which may hold anything; it ends with the last parenthesis.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return line === '' ? null : { own: field(14) + field(15), endedChildren: field(16) + field(17) };
}

async function read(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
