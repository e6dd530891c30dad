import { type Files, packagesOf } from './files.ts';

/** No package runs code when it is installed unless package.json names it; one that may not says why. */
export function installScriptProblems({ manifest, lock, exceptions }: Files): string[] {
  const { allowScripts } = manifest;
  const withScript = new Set(
    packagesOf(lock).flatMap(({ name, entry }) => (entry.hasInstallScript ? [name] : [])),
  );
  const refused = Object.entries(allowScripts).flatMap(([name, allowed]) => (allowed ? [] : [name]));
  const unnamed = [...withScript].filter((name) => !(name in allowScripts));
  const needless = Object.keys(allowScripts).filter((name) => !withScript.has(name));
  const unexplained = refused.filter((name) => !(name in exceptions.refusedScripts));
  const stale = Object.keys(exceptions.refusedScripts).filter((name) => !refused.includes(name));
  return [
    ...unnamed.map(
      (name) =>
        `${name} has an install script that allowScripts in package.json does not name: read it, then name it there with true or false.`,
    ),
    ...needless.map(
      (name) => `${name} has no install script any more: take it from allowScripts in package.json.`,
    ),
    ...unexplained.map(
      (name) =>
        `${name} is refused its install script: say in refusedScripts of exceptions.json why it works without.`,
    ),
    ...stale.map(
      (name) => `${name} is not refused its install script: take it from refusedScripts in exceptions.json.`,
    ),
  ];
}
