import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** One condition on a label, such as `mode="live"`: the value without its quotes. */
export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** What a query asks of one metric. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** What a query reads, and by which labels it groups. */
export interface Query {
  readonly selectors: readonly Selector[];
  /** Of `by (…)` and `on (…)`. */
  readonly groupedBy: readonly string[];
}

/** @throws Error where Prometheus' own grammar finds no query. */
export function parseQuery(text: string): Query {
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  const textOf = (node: SyntaxNode | null) => (node === null ? '' : text.slice(node.from, node.to));
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      if (type.isError) throw new Error(`No PromQL at ${node.from}: ${text}`);
      if (type.name === 'VectorSelector')
        selectors.push({
          metric: textOf(node.getChild('Identifier')),
          matchers: matchersOf(node.getChild('LabelMatchers'), textOf),
        });
      if (type.name === 'GroupingLabels')
        for (const label of node.getChildren('LabelName')) groupedBy.push(textOf(label));
    },
  });
  return { selectors, groupedBy };
}

function matchersOf(node: SyntaxNode | null, textOf: (node: SyntaxNode | null) => string): Matcher[] {
  if (node === null) return [];
  return node.getChildren('UnquotedLabelMatcher').map((matcher) => ({
    label: textOf(matcher.getChild('LabelName')),
    operator: textOf(matcher.getChild('MatchOp')),
    value: textOf(matcher.getChild('StringLiteral')).slice(1, -1),
  }));
}
