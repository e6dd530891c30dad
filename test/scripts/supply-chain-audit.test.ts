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
import { licencesPage } from '../../scripts/supply-chain/licences.ts';
import { filesWith, REASON } from './project-files.ts';

const PROJECT = new URL('../../', import.meta.url);

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
