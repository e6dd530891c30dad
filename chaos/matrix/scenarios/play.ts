import { type Ends, whatIsWrongWith } from '../audit.ts';
import { untilNothingIsWrong } from '../patience.ts';
import type { Person } from '../people.ts';
import type { Play } from '../scenario.ts';
import type { Stage } from '../stage.ts';

/** The story of one customer who is there when it begins. */
export function playOf(
  stage: Stage,
  person: Person,
  ends: Ends,
  act: () => Promise<unknown>,
  moreMarks: readonly string[] = [],
): Play {
  return {
    marks: [person.userId, person.stripeCustomerId, ...moreMarks],
    act,
    judge: () => untilNothingIsWrong(() => whatIsWrongWith(stage, person, ends)),
  };
}
