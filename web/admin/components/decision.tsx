import { randomUUID } from 'node:crypto';
import { MAX_TEXT_LENGTH } from '../../../domain/operator-decisions.ts';
import { useAdmin } from './admin-context.ts';

/** The field of a form that names its decision; whoever takes the form makes the update's id of it. */
export const DECISION_ID_FIELD = 'decisionId';

/** Made with the page: pressed twice, it is one decision. */
export function DecisionId() {
  return <input type="hidden" name={DECISION_ID_FIELD} value={randomUUID()} />;
}

/** Asks who decides, which is kept with the decision; whoever has said it once finds it there. */
export function ByField({ id }: { readonly id: string }) {
  return (
    <>
      <label for={id}>Your name</label>
      <input
        id={id}
        name="by"
        required
        maxLength={MAX_TEXT_LENGTH}
        autocomplete="name"
        value={useAdmin().by}
      />
    </>
  );
}

/** Asks for a reason, which is kept with the decision. */
export function ReasonField({ id }: { readonly id: string }) {
  return (
    <>
      <label for={id}>Reason</label>
      <input id={id} name="reason" required maxLength={MAX_TEXT_LENGTH} autocomplete="off" />
    </>
  );
}
