import path from 'node:path';
import GithubSlugger from 'github-slugger';
import { marked, type Token } from 'marked';

/** A document's text by its path, both relative to the project's folder, with `/` between. */
export type Documents = ReadonlyMap<string, string>;

/**
 * Relative links in Markdown that lead nowhere, a sentence each. A link leads to a file or folder of the project, and its anchor to a
 * heading, whose name is the one that GitHub gives it. Addresses of others are not asked for.
 *
 * @param exists whether there is a file or folder of that path, written exactly so.
 */
export function deadLinks(documents: Documents, exists: (file: string) => boolean): string[] {
  const anchors = new Map(Array.from(documents, ([file, text]) => [file, anchorsOf(text)]));
  return Array.from(documents, ([file, text]) =>
    linksOf(text).flatMap((link) => {
      const problem = problemOf(link, file);
      return problem === null ? [] : [`${file}: ${link} ${problem}`];
    }),
  ).flat();

  function problemOf(link: string, file: string): string | null {
    if (/^[a-z][a-z\d+.-]*:/i.test(link)) return null;
    if (link.startsWith('/')) return 'is absolute: write it relative to the document';
    const [address = '', anchor] = decodeURIComponent(link).split('#', 2);
    const target = address === '' ? file : path.posix.join(path.posix.dirname(file), address);
    if (target.startsWith('..')) return 'leads out of the project';
    if (!exists(target)) return 'leads to no file';
    if (anchor === undefined) return null;
    const known = anchors.get(target);
    if (known === undefined) return 'has an anchor, and leads to no Markdown';
    return known.has(anchor) ? null : 'leads to no heading';
  }
}

/** Where links, pictures and HTML in the text lead. */
function linksOf(text: string): string[] {
  const links: string[] = [];
  void marked.walkTokens(marked.lexer(text), (token) => {
    if ((token.type === 'link' || token.type === 'image') && 'href' in token) links.push(String(token.href));
    if (token.type === 'html')
      for (const [, link = ''] of token.raw.matchAll(/\s(?:href|src)="([^"]+)"/g)) links.push(link);
  });
  return links;
}

/** The anchors that GitHub gives the headings; of those that are called the same, the later ones get a number. */
function anchorsOf(text: string): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  void marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === 'heading') anchors.add(slugger.slug(plainText(token)));
  });
  return anchors;
}

/** What is read of a token, without its marks. */
function plainText(token: Token): string {
  if ('tokens' in token && token.tokens !== undefined) return token.tokens.map(plainText).join('');
  return 'text' in token && typeof token.text === 'string' ? token.text : '';
}
