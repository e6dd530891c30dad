import { readdir, readFile } from 'node:fs/promises';

/** Of `/proc/PID/stat`: what Linux counts processor time in, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/**
 * Processor time that a process and its children have used since they began, in milliseconds; with those children that have
 * ended and were waited for. `null` where there is no /proc.
 */
export async function cpuMs(pid: number): Promise<number | null> {
  const stats = await allStats();
  const own = stats.get(pid);
  if (own === undefined) return null;
  const children = [...stats.values()].filter((stat) => stat.parentPid === pid);
  const ticks = [own, ...children].map((stat) => stat.ticks).reduce((sum, each) => sum + each, 0);
  return ((ticks + own.endedChildrenTicks) * 1_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in bytes; `null` where there is no /proc. */
export async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
}

interface ProcessStat {
  readonly parentPid: number;
  readonly ticks: number;
  readonly endedChildrenTicks: number;
}

async function allStats(): Promise<Map<number, ProcessStat>> {
  const entries = await readdir('/proc').catch(() => []);
  const stats = new Map<number, ProcessStat>();
  for (const pid of entries.map(Number).filter(Number.isInteger)) {
    const stat = await statOf(pid);
    if (stat !== null) stats.set(pid, stat);
  }
  return stats;
}

/** `null` for one that has ended. The name, which may hold anything, ends with the last parenthesis. */
async function statOf(pid: number): Promise<ProcessStat | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]); // The third field is the first one here.
  if (fields.length < 15) return null;
  return {
    parentPid: field(4),
    ticks: field(14) + field(15),
    endedChildrenTicks: field(16) + field(17),
  };
}
