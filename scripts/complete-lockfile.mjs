/// <reference types="node" />
// Adds to package-lock.json the platform packages (another system's binaries) that npm left out because the registry it
// was run against does not serve them: `npm ci` insists on them, and on another platform needs them. What they are, with
// the hash that an installation is held to, comes from the registry's description, which mostly is there all the same.
// To be run after `npm install` where a mirror is incomplete: node scripts/complete-lockfile.mjs
import { execFileSync } from 'node:child_process';
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
const missing = Object.entries(lock.packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(
      ([name]) =>
        !lock.packages[`node_modules/${name}`]?.integrity && !lock.packages[`${path}/node_modules/${name}`],
    )
    .map(([name, version]) => ({ name, version, dev })),
);
for (const each of missing) lock.packages[`node_modules/${each.name}`] = entryOf(each);
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
const withoutHash = missing.filter(({ name }) => !lock.packages[`node_modules/${name}`].integrity);
console.log(`${missing.length} platform packages added to package-lock.json`);
if (withoutHash.length > 0)
  console.log(
    `Without a hash, since the registry does not know them: ${withoutHash.map(({ name }) => name).join(', ')}`,
  );

/** As npm itself writes it. */
function entryOf({ name, version, dev }) {
  const {
    cpu,
    os,
    libc,
    license,
    engines,
    scripts = {},
    dist,
  } = describe(name, version) ?? guess(name, version);
  return {
    version,
    ...(dist ? { integrity: dist.integrity } : {}),
    cpu,
    ...(dev ? { dev } : {}),
    ...(scripts.preinstall || scripts.install || scripts.postinstall ? { hasInstallScript: true } : {}),
    ...(libc ? { libc } : {}),
    ...(license ? { license } : {}),
    optional: true,
    os,
    ...(engines ? { engines } : {}),
  };
}

/** What the registry says of it, or `null` where it does not know it. */
function describe(name, version) {
  try {
    const args = ['view', `${name}@${version}`, '--json'];
    const options = {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    };
    return JSON.parse(execFileSync('npm', args, options));
  } catch (error) {
    if (String(error.stdout).includes('E404')) return null;
    throw error;
  }
}

/** The platform is in the name: `@swc/core-linux-arm-gnueabihf`. */
function guess(name, version) {
  const parts = name.split(/[/-]/);
  const os = parts.map((part) => SYSTEMS[part]).find(Boolean);
  const cpu = parts.find((part) => PROCESSORS.includes(part));
  if (!os || !cpu || !/^\d/.test(version))
    throw new Error(`${name}@${version} does not name a platform and a version`);
  const libc = os === 'linux' ? { libc: [/musl/.test(name) ? 'musl' : 'glibc'] } : {};
  return { cpu: [cpu], ...libc, os: [os] };
}
