import { MODES, type Mode } from '../../../domain/mode.ts';

/** Links between Stripe's two worlds, for tabs that show one of them. */
export function ModeSwitch({ path, mode }: { readonly path: string; readonly mode: Mode }) {
  return (
    <nav class="modes" aria-label="Mode">
      {MODES.map((each) => (
        <a key={each} href={`${path}?mode=${each}`} aria-current={each === mode ? 'true' : undefined}>
          {each === 'live' ? 'Live' : 'Test'}
        </a>
      ))}
    </nav>
  );
}
