import type { UserKey } from '../../domain/customer-key.ts';

/** Something that is not as it must be. */
export interface Finding {
  /** Whose or what: `live ada`, a workflow's id. */
  readonly about: string;
  /** What is wrong, with ids, in a sentence. */
  readonly what: string;
}

/** `live ada`: how findings name a customer, and by which accounts and what was seen are matched. */
export const customerName = ({ mode, userId }: UserKey) => `${mode} ${userId}`;
