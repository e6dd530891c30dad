import { type Check, check, ok, problem } from '../../api/health/check.ts';
import { isOlder } from '../../domain/versions.ts';
import packageJson from '../../package.json' with { type: 'json' };

/** Is this Node one that the project runs on? */
export async function checkNode(nodeVersion: string): Promise<Check> {
  const oldest = packageJson.engines.node.replace(/^>=/, '');
  return await check({ id: 'node', mend: 'See package.json, engines.' }, () =>
    Promise.resolve(
      isOlder(nodeVersion, oldest)
        ? problem(`This is Node ${nodeVersion}.`, `Install Node ${oldest} or newer (https://nodejs.org).`)
        : ok(`This is Node ${nodeVersion}; ${oldest} is needed.`),
    ),
  );
}
