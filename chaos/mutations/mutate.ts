/** Copies of the sources in which something is broken on purpose, to see that a proof notices. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One change of the sources. */
export interface Mutation {
  /** From the root. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly replacement: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', '.data', '.cache', 'coverage']);

/** Copies all sources into a folder that is there; what is installed is linked. */
export async function copySources(copy: string): Promise<void> {
  await cp(ROOT, copy, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(path.relative(ROOT, source)),
  });
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
}

/**
 * @returns what undoes it.
 * @throws Error when the text is not there exactly once: lists of mutations must follow the sources.
 */
export async function mutate(
  copy: string,
  { file, text, replacement }: Mutation,
): Promise<() => Promise<void>> {
  const source = path.join(copy, file);
  const before = await readFile(source, 'utf8');
  if (before.split(text).length !== 2) throw new Error(`${file} does not have exactly once: ${text}`);
  await writeFile(
    source,
    before.replace(text, () => replacement),
  );
  return () => writeFile(source, before);
}
