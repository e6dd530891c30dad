/** Part of `npm run check`: every relative link in our Markdown leads to what is there, also its anchor. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deadLinks } from './links.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const paths = new Set(walk(''));
const documents = new Map(
  [...paths]
    .filter((file) => file.endsWith('.md'))
    .map((file) => [file, readFileSync(path.join(PROJECT, file), 'utf8')]),
);
const problems = deadLinks(documents, (file) => paths.has(file.replace(/\/$/, '')));
for (const problem of problems) console.error(`links: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`Links: ${documents.size} documents, all in order.`);

/** All files and folders below one of the project's, without what is installed, and what is hidden but `.env.example` and its like. */
function walk(folder: string): string[] {
  return readdirSync(path.join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [file];
    return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : [file, ...walk(file)];
  });
}
