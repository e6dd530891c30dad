/// <reference types="node" />
// Adds to package-lock.json the platform packages (another system's binaries) that npm left out because the registry it
// was run against does not serve them. `npm ci` insists on them, and on another platform needs them.
// To be run after `npm install` where a mirror is incomplete: node scripts/complete-lockfile.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = {
  win32: 'win32',
  windows: 'win32',
  darwin: 'darwin',
  linux: 'linux',
  android: 'android',
  freebsd: 'freebsd',
  openharmony: 'openharmony',
};
const PROCESSORS = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies).filter(
    ([name]) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
  ),
);
for (const [name, version] of missing) lock.packages[`node_modules/${name}`] = entryOf(name, version);
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} platform packages added to package-lock.json`);

/** The platform is in the name: `@swc/core-linux-arm-gnueabihf`. */
function entryOf(name, version) {
  const parts = name.split(/[/-]/);
  const os = parts.map((part) => SYSTEMS[part]).find(Boolean);
  const cpu = parts.find((part) => PROCESSORS.includes(part));
  if (!os || !cpu || !/^\d/.test(version))
    throw new Error(`${name}@${version} does not name a platform and a version`);
  const libc = os === 'linux' ? { libc: [/musl/.test(name) ? 'musl' : 'glibc'] } : {};
  return { version, cpu: [cpu], ...libc, optional: true, os: [os] };
}
