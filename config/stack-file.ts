import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const stripeModeSchema = z.object({ secretKey: z.string(), webhookSecret: z.string() }).nullable();

const stackFileSchema = z.object({
  apiUrl: z.string(),
  databaseUrl: z.string(),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  /** `null` when the Web UI's address is not known: an own Temporal server without TEMPORAL_UI_URL. */
  temporalUiUrl: z.string().nullable(),
  stripe: z.object({
    /** `null` for Stripe itself. */
    apiBase: z.string().nullable(),
    live: stripeModeSchema,
    test: stripeModeSchema,
  }),
  apiKey: z.string(),
  testApiKey: z.string(),
  /** `null` when ADMIN_PASSWORD_HASH says what it is. */
  adminPassword: z.string().nullable(),
  /** Sign links to the account page; `null` when the environment says who does, and in files from before there was one. */
  accountLinkSecrets: z.object({ live: z.string(), test: z.string() }).nullable().default(null),
});

/** What `npm start` writes for whoever wants to talk to the stack. Holds secrets. */
export type StackFile = z.output<typeof stackFileSchema>;

const DEFAULT_DATA_DIR = '.data';

/** `$DATA_DIR`, as an absolute path. */
export function dataDirectory(dataDir: string | undefined): string {
  return path.resolve(dataDir ?? DEFAULT_DATA_DIR);
}

function stackFilePath(dataDir: string): string {
  return path.join(dataDir, 'stack.json');
}

/** What the stack of this folder has written. @returns `undefined` for none, or none that we can read: as if it had never run. */
export async function readStackFile(dataDir: string): Promise<StackFile | undefined> {
  try {
    return stackFileSchema.parse(JSON.parse(await readFile(stackFilePath(dataDir), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Writes `stack.json`, readable by its owner only, whole or not at all. */
export async function writeStackFile(dataDir: string, stack: StackFile): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const temporary = `${stackFilePath(dataDir)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, stackFilePath(dataDir));
}
