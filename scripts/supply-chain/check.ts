/**
 * Part of `npm run check`: what we install comes from a registry and is held to a hash, runs code only where package.json says so, has
 * a licence that is allowed, and has no severe vulnerability. `npm run licences` writes docs/licences.md anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { askForAudit, auditProblems, expiredExceptions } from './audit.ts';
import { readFiles } from './files.ts';
import { installScriptProblems } from './install-scripts.ts';
import { licenceProblems, licencesPage } from './licences.ts';
import { lockfileProblems } from './lockfile.ts';

const { values } = parseArgs({
  options: { 'write-licences': { type: 'boolean', default: false }, project: { type: 'string' } },
});
const project =
  values.project === undefined ? new URL('../../', import.meta.url) : pathToFileURL(`${values.project}/`);
const page = new URL('docs/licences.md', project);

const files = readFiles(project);
if (values['write-licences']) writeFileSync(page, licencesPage(files));

const answer = await askForAudit(fileURLToPath(project));
const { vulnerabilities } = files.exceptions;
const problems = [
  ...lockfileProblems(files),
  ...installScriptProblems(files),
  ...licenceProblems(files),
  ...(readFileSync(page, 'utf8') === licencesPage(files)
    ? []
    : ['docs/licences.md is out of date: run "npm run licences".']),
  ...expiredExceptions(vulnerabilities, new Date().toISOString().slice(0, 10)),
  ...('report' in answer ? auditProblems(answer.report, vulnerabilities) : []),
];
for (const problem of problems) console.error(`supply chain: ${problem}`);
if ('unavailable' in answer)
  console.error(
    `supply chain: the registry could not be asked for vulnerabilities, so that was left out: ${answer.unavailable}`,
  );
if (problems.length > 0) process.exitCode = 1;
else console.log(`Supply chain: ${Object.keys(files.lock.packages).length - 1} packages, all in order.`);
