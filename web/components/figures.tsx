import type { ComponentChildren } from 'preact';

/** A name and one value, which is set large. */
export interface Figure {
  readonly name: string;
  readonly value: ComponentChildren;
}

/** A few figures side by side, the most important first. */
export function Figures({ figures }: { readonly figures: readonly Figure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="figure">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
