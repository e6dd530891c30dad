import { type Exceptions, type Files, type LockEntry } from '../../scripts/supply-chain/files.ts';

/** An integrity hash as a lock file has it; nothing has this one. */
export const HASH = 'sha512-AAAA';
/** Long enough to stand beside an exception. */
export const REASON = 'a reason that is long enough.';

const NO_EXCEPTIONS: Exceptions = {
  vulnerabilities: [],
  licences: ['MIT'],
  unusualLicences: {},
  statedElsewhere: {},
  refusedScripts: {},
  withoutIntegrity: {},
};

/** A project with one dependency, `leaf`, in order unless changed. */
export function filesWith(
  leaf: Partial<LockEntry> = {},
  changes: {
    readonly manifest?: Partial<Files['manifest']>;
    readonly exceptions?: Partial<Exceptions>;
    readonly others?: Readonly<Record<string, LockEntry>>;
  } = {},
): Files {
  const { manifest, exceptions, others } = changes;
  return {
    manifest: { dependencies: { leaf: '^1.0.0' }, devDependencies: {}, allowScripts: {}, ...manifest },
    lock: {
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { leaf: '^1.0.0' } },
        'node_modules/leaf': { version: '1.0.1', integrity: HASH, license: 'MIT', ...leaf },
        ...others,
      },
    },
    exceptions: { ...NO_EXCEPTIONS, ...exceptions },
  };
}
