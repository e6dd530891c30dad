/** Pages as strings: whatever is put into a template is escaped, unless it is a piece of a page itself. */

/** A piece of a page that may be put into another as it is. Only `html` makes one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Html | string | number | null | undefined | readonly (Html | string)[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(piece: Piece): string {
  if (piece instanceof Html) return piece.text;
  if (piece === null || piece === undefined) return '';
  if (typeof piece === 'object') return piece.map(render).join('');
  return String(piece).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A template of HTML: `null` and `undefined` leave nothing. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(strings.map((string, index) => string + render(pieces[index])).join(''));
}

/** Only these may be followed: a `javascript:` address is a way to smuggle a script in. */
export function safeUrl(url: string): string {
  return /^(https?:\/\/|\/)/i.test(url) ? url : '#';
}

const STYLE = new Html(`
  :root { color-scheme: light dark; --ink: #1a1f36; --soft: #5b6478; --line: #d5dbe5; --paper: #fff; --ground: #f6f8fb;
    --accent: #4b44d6; --bad: #b3093c; --good: #0b6b3a; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8ecf4; --soft: #a3acc0; --line: #39415a; --paper: #1b2032;
    --ground: #121624; --accent: #8f89ff; --bad: #ff8aa6; --good: #6fd8a1; } }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; color: var(--ink); background: var(--ground); }
  main { max-width: 30rem; margin: auto; padding: 1.5rem 2rem; background: var(--paper); border: 1px solid var(--line);
    border-radius: .6rem; }
  main.wide { max-width: 72rem; }
  h1 { font-size: 1.5rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
  label { display: block; margin: 0 0 1rem; font-weight: 600; }
  input, select, button { font: inherit; color: inherit; box-sizing: border-box; padding: .55rem .7rem;
    border: 1px solid var(--line); border-radius: .4rem; background: var(--ground); }
  label input, label select { display: block; width: 100%; margin-top: .25rem; }
  .row { display: flex; gap: 1rem; flex-wrap: wrap; align-items: end; } .row > * { flex: 1 1 8rem; }
  button { background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 600; cursor: pointer; }
  button.plain { background: transparent; color: var(--accent); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  .pay { width: 100%; } .inline { display: inline; } .inline button { padding: .2rem .6rem; }
  .error { color: var(--bad); font-weight: 600; } .note, .soft { color: var(--soft); font-size: .875rem; }
  .good { color: var(--good); } .bad { color: var(--bad); } a { color: var(--accent); }
  .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .875rem; }
  th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  td { overflow-wrap: anywhere; } .amount { text-align: right; white-space: nowrap; }
  ul.list { list-style: none; padding: 0; } ul.list li { border-bottom: 1px solid var(--line); padding: .5rem 0; }
`);

/** A whole page. `wide` is for tables. */
export function page(title: string, body: Html, more: { wide?: boolean; script?: Html } = {}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main${more.wide === true ? new Html(' class="wide"') : ''}>
<h1>${title}</h1>
${body}
</main>
${more.script}
</body>
</html>
`.text;
}

/** `1,234.50 USD` */
export function money(cents: number, currency: string): string {
  const amount = (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
  return `${amount} ${currency.toUpperCase()}`;
}
