import type { Mode } from '../../domain/mode.ts';
import type { Stage } from './stage.ts';

/** A story in whose course a process is killed. */
export interface Scenario {
  readonly name: string;
  /** In a sentence: what happens, and how it must end. */
  readonly story: string;
  /**
   * `owns`: its steps are those of a month's close. `needs`: a month is closed on the way. `no`: neither. Closes of one mode bill
   * whatever is unbilled, so no two of them go on beside each other.
   */
  readonly closes: 'no' | 'needs' | 'owns';
  /** Nobody else's story of the mode may go on meanwhile. */
  readonly isAlone?: boolean;
  /** The steps that are boundaries here; all, unless given. */
  readonly steps?: readonly string[];
  /** Makes customers of its own, and brings them to where the story begins. */
  begin(stage: Stage, mode: Mode): Promise<Play>;
}

/** A story that is about to be played. */
export interface Play {
  /** A boundary is of this story when what it is about holds one of these. */
  readonly marks: readonly string[];
  /** Plays it to its end; a part that is down is waited for. */
  act(): Promise<unknown>;
  /** What goes on in the world while the killed part is down. */
  meanwhile?(): Promise<unknown>;
  /** @returns what is wrong, in sentences, when all has had its time to settle. */
  judge(): Promise<readonly string[]>;
  /** Puts back what other stories need to be otherwise. */
  leave?(): Promise<unknown>;
}
