import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What is read of package.json. */
const manifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  allowScripts: z.record(z.string(), z.boolean()).default({}),
});
/** Ranges by package, and which install scripts npm may run. */
export type Manifest = z.output<typeof manifestSchema>;

const ranges = z.record(z.string(), z.string()).optional();

/** A package in package-lock.json. */
const entrySchema = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  license: z.string().optional(),
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  os: z.array(z.string()).optional(),
  hasInstallScript: z.boolean().optional(),
  dependencies: ranges,
  devDependencies: ranges,
  optionalDependencies: ranges,
});
/** One version of one package, as npm installs it. */
export type LockEntry = z.output<typeof entrySchema>;

const lockSchema = z.object({
  lockfileVersion: z.number(),
  /** By where they are installed; the project itself is `''`. */
  packages: z.record(z.string(), entrySchema),
});
/** package-lock.json: all that an installation consists of. */
export type Lock = z.output<typeof lockSchema>;

const reason = z.string().min(20);

const exceptionsSchema = z.strictObject({
  /** Vulnerabilities that are known and borne, each until a day. */
  vulnerabilities: z.array(
    z.strictObject({ id: z.string().regex(/^GHSA(-[\w]{4}){3}$/), reason, expires: z.iso.date() }),
  ),
  /** Licences that a dependency of ours may have. */
  licences: z.array(z.string()),
  /** Licences that are unusual, and why they are allowed. */
  unusualLicences: z.record(z.string(), reason),
  /** Packages whose package.json names no licence: what their licence file says. */
  statedElsewhere: z.record(z.string(), z.strictObject({ licence: z.string(), reason })),
  /** Packages whose install script is not run, and why not. */
  refusedScripts: z.record(z.string(), reason),
  /** Packages without a hash in the lock file, and why. */
  withoutIntegrity: z.record(z.string(), reason),
});
/** scripts/supply-chain/exceptions.json: what the rules let pass, each with its reason. */
export type Exceptions = z.output<typeof exceptionsSchema>;

/** All that the rules look at; none of them reads anything else, so that tests hand them what they like. */
export interface Files {
  readonly manifest: Manifest;
  readonly lock: Lock;
  readonly exceptions: Exceptions;
}

/**
 * Reads what the rules are about.
 *
 * @param project its folder, with a slash at the end.
 * @throws ZodError when an exception lacks its reason, or a file is not what npm writes.
 */
export function readFiles(project: URL): Files {
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, project), 'utf8'));
  return {
    manifest: manifestSchema.parse(read('package.json')),
    lock: lockSchema.parse(read('package-lock.json')),
    exceptions: exceptionsSchema.parse(read('scripts/supply-chain/exceptions.json')),
  };
}

/** The packages of the lock file, each with its name; without the project itself. */
export function packagesOf(
  lock: Lock,
): { readonly path: string; readonly name: string; readonly entry: LockEntry }[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    path === ''
      ? []
      : [{ path, name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), entry }],
  );
}
