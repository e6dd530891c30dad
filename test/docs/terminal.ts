import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** A bash in the project's folder, in which variables live on from one block of a document to the next. */
export class Terminal {
  #variables: Readonly<Record<string, string | undefined>>;
  readonly #kept: string;

  /** @param folder where it may keep a file. */
  constructor(variables: Readonly<Record<string, string | undefined>>, folder: string) {
    this.#variables = variables;
    this.#kept = path.join(folder, 'variables-of-the-terminal');
  }

  /** @throws when a command fails, with what was printed. @returns what it printed to standard output. */
  async run(block: string): Promise<string> {
    const script = `set -aeu\n${block}\nenv -0 > '${this.#kept}'`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: PROJECT,
      env: { ...this.#variables },
    });
    this.#variables = Object.fromEntries(
      (await readFile(this.#kept, 'utf8')).split('\0').map((line) => {
        const [name = '', ...value] = line.split('=');
        return [name, value.join('=')];
      }),
    );
    return stdout;
  }

  /** What a block has set. */
  variable(name: string): string {
    const value = this.#variables[name];
    if (value === undefined) throw new Error(`no block has set ${name}`);
    return value;
  }
}
