import { type Files, packagesOf } from './files.ts';

/** A package that runs in production; other systems' binaries are one with what brings them. */
interface Licensed {
  readonly name: string;
  readonly version: string;
  /** `null`: none is known. */
  readonly licence: string | null;
}

/** Every licence of what runs in production is one that is allowed, or explained. */
export function licenceProblems(files: Files): string[] {
  const { exceptions } = files;
  const allowed = new Set([...exceptions.licences, ...Object.keys(exceptions.unusualLicences)]);
  const all = licensed(files);
  const names = new Set(all.map(({ name }) => name));
  const found = new Set(all.map(({ licence }) => licence));
  return [
    ...all.flatMap(({ name, version, licence }) => {
      if (licence === null)
        return [
          `${name} ${version} names no licence: read its files, and say in statedElsewhere of exceptions.json what it is.`,
        ];
      if (allowed.has(licence)) return [];
      return [
        `${name} ${version} has the licence ${licence}, which is not allowed: replace it, or say in unusualLicences of exceptions.json why it may be used.`,
      ];
    }),
    ...Object.keys(exceptions.unusualLicences)
      .filter((licence) => !found.has(licence))
      .map(
        (licence) =>
          `Nothing has the licence ${licence} any more: take it from unusualLicences in exceptions.json.`,
      ),
    ...Object.keys(exceptions.statedElsewhere)
      .filter((name) => !names.has(name))
      .map((name) => `${name} is not used any more: take it from statedElsewhere in exceptions.json.`),
  ];
}

/** docs/licences.md. It is made of the lock file alone, so that it is the same on every machine. */
export function licencesPage(files: Files): string {
  const { exceptions } = files;
  const rows = licensed(files).map(
    ({ name, version, licence }) => `| ${name} | ${version} | ${licence ?? 'unknown'} |`,
  );
  const unusual = Object.entries(exceptions.unusualLicences).map(
    ([licence, why]) => `- **${licence}**: ${why}`,
  );
  const stated = Object.entries(exceptions.statedElsewhere).map(
    ([name, { licence, reason }]) => `- **${name}** (${licence}): ${reason}`,
  );
  return [
    '# Licences of what runs in production',
    '',
    '*Reference.* Made of package-lock.json by `npm run licences`; `npm run check` fails when it is out of date. Binaries for single',
    'systems are listed once, as one with the package that brings them.',
    '',
    ...unusual,
    ...stated,
    '',
    '| package | version | licence |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function licensed({ lock, exceptions }: Files): Licensed[] {
  const byKey = new Map<string, Licensed>();
  const all = packagesOf(lock).filter(({ entry }) => entry.dev !== true);
  const bringers = bringersOf(all);
  for (const { name, entry } of all) {
    const version = entry.version ?? '';
    const isBinary = entry.optional === true && entry.os !== undefined;
    const shown = isBinary ? `${bringers.get(name) ?? name} (binaries)` : name;
    const licence = exceptions.statedElsewhere[name]?.licence ?? entry.license ?? null;
    byKey.set(`${shown} ${version} ${licence}`, { name: shown, version, licence });
  }
  return [...byKey.values()].toSorted((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** Which package names a binary as one of its optional dependencies. */
function bringersOf(packages: ReturnType<typeof packagesOf>): ReadonlyMap<string, string> {
  return new Map(
    packages.flatMap(({ name, entry }) =>
      Object.keys(entry.optionalDependencies ?? {}).map((binary) => [binary, name] as const),
    ),
  );
}

/** By code points: the machine's language must not decide. */
function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
