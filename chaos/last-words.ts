import type { Finding } from './judge/finding.ts';

/** What no program of ours may ever say, whatever dies around it. */
const FORBIDDEN =
  /unhandled|uncaught|TypeError|ReferenceError|RangeError|"code":"internal_error"|Nondeterminis|DeterminismViolation/i;
/** A loop would say it for ever. */
const MOST = 20;

/** Reads along with what api and worker print, and keeps what shows a fault of theirs. */
export class LastWords {
  readonly findings: Finding[] = [];

  read(line: string): void {
    const who = /^\[(api|worker)\]/.exec(line)?.[1];
    if (who === undefined || this.findings.length >= MOST || !FORBIDDEN.test(line)) return;
    this.findings.push({ about: who, what: `it says: ${line.slice(0, 1_500)}` });
  }
}
