import { type Files, type Lock, type LockEntry, packagesOf } from './files.ts';

/** A range of versions in a registry, and nothing else: no `git+ssh:`, `https:`, `file:`, `npm:` or `owner/name`. */
const VERSIONS = /^[^:/]*$/;

/** Everything is installed as package-lock.json says, from a registry, and held to a hash. */
export function lockfileProblems({ manifest, lock, exceptions }: Files): string[] {
  if (lock.lockfileVersion !== 3)
    return [
      `package-lock.json is of version ${lock.lockfileVersion}: write it with npm 9 or newer ("npm install").`,
    ];
  const root = lock.packages[''] ?? {};
  return [
    ...outOfStep(manifest.dependencies, root.dependencies),
    ...outOfStep(manifest.devDependencies, root.devDependencies),
    ...Object.entries(lock.packages).flatMap(([path, entry]) => [
      ...foreignSources(path, entry),
      ...missingDependencies(lock, path, entry),
    ]),
    ...packagesOf(lock).flatMap(({ path, name, entry }) =>
      entryProblems(path, entry, name in exceptions.withoutIntegrity),
    ),
    ...needlessExceptions(lock, exceptions.withoutIntegrity),
  ];
}

function outOfStep(
  wanted: Readonly<Record<string, string>>,
  locked: Readonly<Record<string, string>> = {},
): string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(locked)])];
  return names
    .filter((name) => wanted[name] !== locked[name])
    .map(
      (name) =>
        `package.json asks for ${name} ${wanted[name] ?? 'not at all'}, package-lock.json has it as ${locked[name] ?? 'not there'}: run "npm install".`,
    );
}

function foreignSources(path: string, entry: LockEntry): string[] {
  const all = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
  return Object.entries(all)
    .filter(([, range]) => !VERSIONS.test(range))
    .map(
      ([name, range]) =>
        `${path || 'package.json'} takes ${name} from "${range}": only versions of a registry are allowed, since no hash holds what comes from elsewhere.`,
    );
}

/** npm looks beside a package first, and then in each folder above it. */
function missingDependencies(lock: Lock, path: string, entry: LockEntry): string[] {
  const all = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
  return Object.keys(all)
    .filter((name) => !foldersAbove(path).some((folder) => lock.packages[`${folder}node_modules/${name}`]))
    .map(
      (name) =>
        `package-lock.json lacks ${name}, which ${path || 'package.json'} needs: run "npm install", and behind an incomplete mirror "node scripts/complete-lockfile.mjs".`,
    );
}

function foldersAbove(path: string): string[] {
  if (path === '') return [''];
  return [`${path}/`, ...foldersAbove(path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1)))];
}

function entryProblems(
  path: string,
  { integrity, link, resolved }: LockEntry,
  mayLackIntegrity: boolean,
): string[] {
  if (link === true)
    return [`${path} is a link to a folder: only what a registry serves can be installed elsewhere.`];
  const found: string[] = [];
  if (resolved !== undefined)
    found.push(
      `${path} names an address it was fetched from, which others may not reach: remove "resolved" ("npm install" with the .npmrc of this project leaves it out).`,
    );
  if (!mayLackIntegrity && !(integrity ?? '').startsWith('sha512-'))
    found.push(`${path} has no sha512 hash to be held to: run "node scripts/complete-lockfile.mjs".`);
  return found;
}

function needlessExceptions(lock: Lock, withoutIntegrity: Readonly<Record<string, string>>): string[] {
  const lacking = new Set(
    packagesOf(lock).flatMap(({ name, entry }) => (entry.integrity === undefined ? [name] : [])),
  );
  return Object.keys(withoutIntegrity)
    .filter((name) => !lacking.has(name))
    .map((name) => `${name} needs no exception any more: take it from withoutIntegrity in exceptions.json.`);
}
