import type { ComponentChildren } from 'preact';

/** A line of {@link Facts}, such as a customer's id in Stripe with a link to it. */
export interface Fact {
  readonly name: string;
  /** `null`: there is nothing to say, and it is left out. */
  readonly value: ComponentChildren;
}

/** What is known of one thing, each by its name. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(({ value }) => value !== null)
        .map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
