/** Something that is not as it must be. */
export interface Finding {
  /** Whose or what: `live ada`, a workflow's id. */
  readonly about: string;
  /** What is wrong, with ids, in a sentence. */
  readonly what: string;
}

export const customerName = ({ mode, userId }: { readonly mode: string; readonly userId: string }) =>
  `${mode} ${userId}`;
