import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { describe, expect, test } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { auditProblems, expiredExceptions, readAnswer } from '../../scripts/supply-chain/audit.ts';
import { type Exceptions, type Files, type LockEntry, readFiles } from '../../scripts/supply-chain/files.ts';
import { installScriptProblems } from '../../scripts/supply-chain/install-scripts.ts';
import { licenceProblems, licencesPage } from '../../scripts/supply-chain/licences.ts';
import { lockfileProblems } from '../../scripts/supply-chain/lockfile.ts';

const PROJECT = new URL('../../', import.meta.url);
const HASH = 'sha512-AAAA';
const REASON = 'a reason that is long enough.';

const NO_EXCEPTIONS: Exceptions = {
  vulnerabilities: [],
  licences: ['MIT'],
  unusualLicences: {},
  statedElsewhere: {},
  refusedScripts: {},
  withoutIntegrity: {},
};

/** A project with one dependency, `leaf`, in order unless changed. */
function filesWith(
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

test('what this project installs is in order', () => {
  const files = readFiles(PROJECT);
  expect([...lockfileProblems(files), ...installScriptProblems(files), ...licenceProblems(files)]).toEqual(
    [],
  );
});

describe('the lock file', () => {
  test('in order, also where a package has one of its own beneath it', () => {
    expect(lockfileProblems(filesWith())).toEqual([]);
    const nested = filesWith(
      { dependencies: { twig: '1' } },
      {
        others: {
          'node_modules/leaf/node_modules/twig': {
            version: '1.0.0',
            integrity: HASH,
            dependencies: { leaf: '1' },
          },
        },
      },
    );
    expect(lockfileProblems(nested)).toEqual([]);
  });

  test.each<[what: string, files: Files, sentence: RegExp]>([
    [
      'another range than package.json',
      filesWith({}, { manifest: { dependencies: { leaf: '^2.0.0' } } }),
      /asks for leaf \^2\.0\.0, package-lock\.json has it as \^1\.0\.0: run "npm install"/,
    ],
    [
      'one dependency fewer than package.json',
      filesWith({}, { manifest: { devDependencies: { twig: '1' } } }),
      /asks for twig 1, package-lock\.json has it as not there/,
    ],
    [
      'one that package.json no longer asks for',
      filesWith({}, { manifest: { dependencies: {} } }),
      /asks for leaf not at all/,
    ],
    [
      'no hash',
      filesWith({ integrity: undefined }),
      /node_modules\/leaf has no sha512 hash.*complete-lockfile/,
    ],
    ['a weak hash', filesWith({ integrity: 'sha1-AAAA' }), /has no sha512 hash/],
    [
      'an address',
      filesWith({ resolved: 'https://registry.example/leaf.tgz' }),
      /names an address it was fetched from.*remove "resolved"/,
    ],
    ['a link', filesWith({ link: true }), /is a link to a folder/],
    [
      'what it lacks',
      filesWith({ dependencies: { twig: '1' } }),
      /lacks twig, which node_modules\/leaf needs/,
    ],
    [
      'a needless exception',
      filesWith({}, { exceptions: { withoutIntegrity: { leaf: REASON } } }),
      /leaf needs no exception any more/,
    ],
    [
      'an old version of itself',
      { ...filesWith(), lock: { lockfileVersion: 1, packages: {} } },
      /is of version 1: write it with npm 9 or newer/,
    ],
  ])('with %s does not pass', (_what, files, sentence) => {
    expect(lockfileProblems(files)).toEqual([expect.stringMatching(sentence)]);
  });

  test.each([
    'git+ssh://git@host/leaf.git',
    'https://host/leaf.tgz',
    'file:../leaf',
    'npm:other@1',
    'owner/leaf',
  ])('with a dependency from %s does not pass', (range) => {
    const others = { 'node_modules/twig': { version: '1.0.0', integrity: HASH } };
    const files = filesWith({ dependencies: { twig: range } }, { others });
    expect(lockfileProblems(files)).toEqual([expect.stringContaining(`takes twig from "${range}"`)]);
  });

  test('may lack a hash where an exception says why', () => {
    const files = filesWith({ integrity: undefined }, { exceptions: { withoutIntegrity: { leaf: REASON } } });
    expect(lockfileProblems(files)).toEqual([]);
  });
});

describe('install scripts', () => {
  const allowed = (allowScripts: Record<string, boolean>, refusedScripts: Record<string, string> = {}) => ({
    manifest: { allowScripts },
    exceptions: { refusedScripts },
  });

  test('that are named are in order, refused ones with a reason', () => {
    expect(installScriptProblems(filesWith({ hasInstallScript: true }, allowed({ leaf: true })))).toEqual([]);
    const refused = allowed({ leaf: false }, { leaf: REASON });
    expect(installScriptProblems(filesWith({ hasInstallScript: true }, refused))).toEqual([]);
  });

  test.each<[what: string, files: Files, sentence: RegExp]>([
    [
      'one that is not named',
      filesWith({ hasInstallScript: true }),
      /leaf has an install script that allowScripts/,
    ],
    [
      'a name without a script',
      filesWith({}, allowed({ leaf: true })),
      /leaf has no install script any more/,
    ],
    [
      'a refusal without a reason',
      filesWith({ hasInstallScript: true }, allowed({ leaf: false })),
      /leaf is refused its install script: say in refusedScripts/,
    ],
    [
      'a reason without a refusal',
      filesWith({ hasInstallScript: true }, allowed({ leaf: true }, { leaf: REASON })),
      /leaf is not refused its install script/,
    ],
  ])('%s does not pass', (_what, files, sentence) => {
    expect(installScriptProblems(files)).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('licences', () => {
  test.each<[what: string, files: Files, sentence: RegExp]>([
    [
      'one that is not allowed',
      filesWith({ license: 'GPL-3.0' }),
      /leaf 1\.0\.1 has the licence GPL-3\.0, which is not allowed/,
    ],
    ['none', filesWith({ license: undefined }), /leaf 1\.0\.1 names no licence/],
    [
      'an unusual one that nothing has',
      filesWith({}, { exceptions: { unusualLicences: { WTFPL: REASON } } }),
      /Nothing has the licence WTFPL any more/,
    ],
    [
      'what is said of a package that is gone',
      filesWith({}, { exceptions: { statedElsewhere: { gone: { licence: 'MIT', reason: REASON } } } }),
      /gone is not used any more/,
    ],
  ])('%s does not pass', (_what, files, sentence) => {
    expect(licenceProblems(files)).toEqual([expect.stringMatching(sentence)]);
  });

  test('of tools do not matter, and unusual ones may be explained', () => {
    expect(licenceProblems(filesWith({ license: 'GPL-3.0', dev: true }))).toEqual([]);
    const explained = { exceptions: { unusualLicences: { WTFPL: REASON } } };
    expect(licenceProblems(filesWith({ license: 'WTFPL' }, explained))).toEqual([]);
  });

  test("are listed the same on every machine: other systems' binaries once, with what brings them", () => {
    const binary = (os: string): LockEntry => ({
      version: '1.0.1',
      optional: true,
      os: [os],
      license: 'MIT',
    });
    const page = licencesPage(
      filesWith(
        { optionalDependencies: { 'leaf-linux': '1.0.1', 'leaf-win32': '1.0.1' } },
        {
          others: {
            'node_modules/leaf-linux': binary('linux'),
            'node_modules/leaf-win32': binary('win32'),
            'node_modules/tool': { version: '9.0.0', dev: true, license: 'MIT' },
          },
        },
      ),
    );
    expect(page.split('\n').filter((line) => line.startsWith('| leaf') || line.includes('tool'))).toEqual([
      '| leaf | 1.0.1 | MIT |',
      '| leaf (binaries) | 1.0.1 | MIT |',
    ]);
  });
});

describe('vulnerabilities', () => {
  const advisory = (severity: string) => ({
    title: 'Prototype pollution',
    url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
    severity,
    range: '<1.0.2',
  });
  const report = (severity: string) => ({
    vulnerabilities: { leaf: { via: [advisory(severity)] }, tree: { via: ['leaf'] } },
  });
  const exception = { id: 'GHSA-aaaa-bbbb-cccc', reason: REASON, expires: '2026-11-28' };

  test('that are severe fail with their name and the mend, each once', () => {
    for (const severity of ['high', 'critical'])
      expect(auditProblems(report(severity), [])).toEqual([
        expect.stringMatching(
          new RegExp(
            `^leaf <1\\.0\\.2: Prototype pollution \\(${severity}, GHSA-aaaa-bbbb-cccc, .*"npm audit fix"`,
          ),
        ),
      ]);
    expect(auditProblems(report('moderate'), [])).toEqual([]);
  });

  test('are borne by an exception until its day, and no longer than they are there', () => {
    expect(auditProblems(report('high'), [exception])).toEqual([]);
    expect(expiredExceptions([exception], '2026-11-28')).toEqual([]);
    expect(expiredExceptions([exception], '2026-11-29')).toEqual([
      expect.stringMatching(/GHSA-aaaa-bbbb-cccc has expired on 2026-11-28/),
    ]);
    expect(auditProblems({ vulnerabilities: {} }, [exception])).toEqual([
      expect.stringMatching(/is not found any more/),
    ]);
  });

  test.each([
    ['', /no answer within 10 s/],
    ['not JSON', /no answer within 10 s/],
    ['{"message": "405 Method Not Allowed\\nmore", "error": {}}', /^405 Method Not Allowed$/],
  ])('an answer such as %j is none, with the reason', (output, reason) => {
    expect(readAnswer(output)).toEqual({ unavailable: expect.stringMatching(reason) as unknown });
  });
});

describe('npm run check', () => {
  /** Runs the check on a folder of its own with one dependency, against a registry that may be a stand-in. */
  async function checkAgainst(
    registry: string,
  ): Promise<{ readonly status: number; readonly output: string }> {
    const folder = await mkdtemp(path.join(tmpdir(), 'supply-chain-'));
    try {
      await mkdir(path.join(folder, 'scripts/supply-chain'), { recursive: true });
      await mkdir(path.join(folder, 'docs'));
      const { manifest, lock, exceptions } = filesWith();
      await writeFile(
        path.join(folder, 'package.json'),
        JSON.stringify({ name: 'project', version: '1.0.0', ...manifest }),
      );
      await writeFile(
        path.join(folder, 'package-lock.json'),
        JSON.stringify({ name: 'project', version: '1.0.0', requires: true, ...lock }),
      );
      await writeFile(path.join(folder, 'scripts/supply-chain/exceptions.json'), JSON.stringify(exceptions));
      await writeFile(path.join(folder, 'docs/licences.md'), licencesPage(filesWith()));
      const args = ['--import', 'tsx', 'scripts/supply-chain/check.ts', '--project', folder];
      const options = {
        cwd: fileURLToPath(PROJECT),
        env: { ...inheritedEnvironment(), npm_config_registry: registry },
      };
      return await new Promise((resolve) => {
        execFile(process.execPath, args, options, (error, stdout, stderr) =>
          resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr }),
        );
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  test('says in a line that the registry does not answer, and goes on', async () => {
    const { status, output } = await checkAgainst(`http://127.0.0.1:${await getPort()}`);
    expect(output).toMatch(/could not be asked for vulnerabilities, so that was left out: .*ECONNREFUSED/);
    expect(output).toMatch(/1 packages, all in order/);
    expect(status).toBe(0);
  });

  test('fails on what a registry knows of', async () => {
    const asked: string[] = [];
    const registry = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const advisory = {
        id: 1,
        url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
        title: 'Prototype pollution',
        severity: 'high',
        vulnerable_versions: '<1.0.2',
      };
      response.setHeader('content-type', 'application/json');
      if (request.url?.endsWith('/advisories/bulk')) response.end(JSON.stringify({ leaf: [advisory] }));
      else response.writeHead(404).end('{}');
    });
    const port = await getPort();
    await new Promise<void>((resolve) => registry.listen(port, '127.0.0.1', resolve));
    try {
      const { status, output } = await checkAgainst(`http://127.0.0.1:${port}`);
      expect(output).toMatch(/supply chain: leaf <1\.0\.2: Prototype pollution \(high, GHSA-aaaa-bbbb-cccc/);
      expect(status).toBe(1);
      expect(asked).toContain('POST /-/npm/v1/security/advisories/bulk');
    } finally {
      registry.close();
    }
  });
});
