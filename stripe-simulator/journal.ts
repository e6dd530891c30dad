/** The append-only file of `--data`: state survives a restart, and a SIGKILL loses nothing that was answered. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { ModeName } from './mode.ts';
import { MODE_NAMES } from './mode.ts';
import type { StoreChange } from './store.ts';

/** One unit of work: one line, so it is read back as a whole or not at all. */
export interface JournalEntry {
  mode?: ModeName | undefined;
  changes?: StoreChange[] | undefined;
  clockOffsetMs?: number | undefined;
}

const entrySchema = z.object({
  mode: z.enum(MODE_NAMES).optional(),
  changes: z
    .array(
      z.object({
        collection: z.string(),
        id: z.string(),
        value: z.looseObject({ id: z.string() }).optional(),
      }),
    )
    .optional(),
  clockOffsetMs: z.number().optional(),
});

/** Where units of work are written before their answers leave. */
export interface Journal {
  append(entry: JournalEntry): void;
  close(): void;
}

/** Without `--data`: nothing is kept. */
export const NO_JOURNAL: Journal = { append: () => {}, close: () => {} };

/**
 * What the file holds, oldest first; nothing if there is no file. A last line cut short by a crash was never answered
 * for, so it is dropped.
 * @throws if any other line is damaged: better not to start than to forget.
 */
export function readJournal(path: string): JournalEntry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  const last = lines.pop();
  const entries = lines.map((line, index) => {
    try {
      return entrySchema.parse(JSON.parse(line));
    } catch (error) {
      throw new Error(`${path}:${index + 1} is damaged; move the file away to start from nothing`, {
        cause: error,
      });
    }
  });
  if (last !== undefined && last !== '') {
    process.stderr.write(`${path}: the last line was cut short, and is dropped\n`);
  }
  return entries;
}

/**
 * Replaces the file by `snapshot` (written aside, then renamed, so that no crash leaves half of it), and opens it for
 * appending. Writes are synchronous; they are not fsynced: a killed process loses nothing, a power cut may.
 */
export function openJournal(path: string, snapshot: Iterable<JournalEntry>): Journal {
  mkdirSync(dirname(path), { recursive: true });
  const aside = `${path}.new`;
  const compacted = openSync(aside, 'w', 0o600);
  for (const entry of snapshot) writeSync(compacted, `${JSON.stringify(entry)}\n`);
  closeSync(compacted);
  renameSync(aside, path);
  const file = openSync(path, 'a', 0o600);
  return {
    append(entry) {
      writeLine(file, `${JSON.stringify(entry)}\n`);
    },
    close() {
      closeSync(file);
    },
  };
}

function writeLine(file: number, line: string): void {
  const bytes = Buffer.from(line);
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}
