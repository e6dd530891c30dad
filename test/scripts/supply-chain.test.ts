import { describe, expect, test } from 'vitest';
import { type Files, type LockEntry, readFiles } from '../../scripts/supply-chain/files.ts';
import { installScriptProblems } from '../../scripts/supply-chain/install-scripts.ts';
import { licenceProblems, licencesPage } from '../../scripts/supply-chain/licences.ts';
import { lockfileProblems } from '../../scripts/supply-chain/lockfile.ts';
import { filesWith, HASH, REASON } from './project-files.ts';

const PROJECT = new URL('../../', import.meta.url);

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
