import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../stack/build-programs.ts';
import { say } from './console.ts';

/** `npm run build`: what the image runs, into `dist/`. */
const programs = await buildPrograms(fileURLToPath(new URL('../dist', import.meta.url)));
for (const file of Object.values(programs)) say(`built ${file}`);
