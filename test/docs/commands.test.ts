import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addAccessCommands } from '../../cli/access-commands.ts';
import { addBillCommands } from '../../cli/bill-commands.ts';
import { addCloseCommands } from '../../cli/close-commands.ts';
import { addCustomerCommands } from '../../cli/customer-commands.ts';
import { addOperationsCommands } from '../../cli/operations-commands.ts';
import { addStripeCommands } from '../../cli/stripe-commands.ts';
import packageFile from '../../package.json' with { type: 'json' };

const document = await readFile(new URL('../../docs/commands.md', import.meta.url), 'utf8');

const names = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map(([, name = '']) => name)),
];

/** Each command of `npm run billing` with its options, as its rows have them. */
function documented(): Record<string, string[]> {
  const commands: Record<string, string[]> = {};
  for (const [, name = '', options = ''] of document.matchAll(/^\| `(?!npm )([\w-]+)[^`]*` \|([^|]*)\|/gm))
    commands[name] = [...(commands[name] ?? []), ...names(options, /(--[\w-]+)/g)];
  return Object.fromEntries(
    Object.entries(commands).map(([name, options]) => [name, [...new Set(options)].toSorted()]),
  );
}

/** The same of the program. */
function existing(): Record<string, string[]> {
  const program = new Command();
  for (const add of [
    addStripeCommands,
    addBillCommands,
    addCloseCommands,
    addCustomerCommands,
    addAccessCommands,
    addOperationsCommands,
  ])
    add(program);
  return Object.fromEntries(
    program.commands.map((command) => [
      command.name(),
      command.options.map(({ long }) => long ?? '').toSorted(),
    ]),
  );
}

test('docs/commands.md has every command of "npm run billing" with its options, and no other', () => {
  expect(documented()).toEqual(existing());
});

test('docs/commands.md has every script of package.json, and no other', () => {
  const scripts = Object.keys(packageFile.scripts);
  const own = scripts.filter((name) => !(name.startsWith('pre') && scripts.includes(name.slice(3))));
  const rows = names(document, /^\| `npm (?:run )?([\w:-]+)/gm);
  expect(rows.toSorted()).toEqual(own.filter((name) => name !== 'billing').toSorted());
});
