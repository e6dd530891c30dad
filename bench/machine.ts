import { cpus, loadavg } from 'node:os';

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  /** Of the last minute, when it began: others that run here are measured too. */
  readonly loadAverage: number;
}

/** To be asked before anything is measured, for the load average is to be that of others. */
export function thisMachine(): Machine {
  const [cpu] = cpus();
  return { cores: cpus().length, cpu: cpu?.model ?? '', loadAverage: loadavg()[0] ?? 0 };
}

/** In a sentence. */
export function describe({ cores, cpu, loadAverage }: Machine): string {
  return `${cores} × ${cpu}, load average ${loadAverage.toFixed(1)} when it began.`;
}

/** Bytes of what tables of figures call an MB. */
export const MB = 1_048_576;
