interface ProgressProps {
  /** What is under way. */
  readonly label: string;
  /** How much of `max` is done; absent: nobody can say. */
  readonly done?: number;
  readonly max?: number;
}

/** Something that takes its time. Without JavaScript it moves when the page is loaded again. */
export function Progress({ label, done, max }: ProgressProps) {
  return (
    <>
      <progress aria-label={label} value={done} max={max} />
      <noscript>
        <p>{label}: load this page again to see how far it is.</p>
      </noscript>
    </>
  );
}
