import { type Command, Option } from 'commander';
import { MODES } from '../domain/mode.ts';
import { createApiKey, revokeApiKey, showApiKeys } from './api-keys.ts';
import { openContext } from './context.ts';
import { type ModeOption, modeOption } from './options.ts';

/** The commands about who gets in: API keys, and the admin's password. */
export function addAccessCommands(program: Command): void {
  program
    .command('create-api-key')
    .description('make an API key for the host product; it is shown once')
    .argument('<name>', 'what it is for')
    .addOption(modeOption())
    .action(async (name: string, { mode }: ModeOption) => {
      await createApiKey(await openContext(), { mode, name });
    });

  program
    .command('api-keys')
    .description('list the API keys: what each is for, when it was last used, and whether it is revoked')
    .addOption(new Option('--mode <mode>', "only those of one of Stripe's worlds").choices(MODES))
    .action(async ({ mode }: Partial<ModeOption>) => {
      await showApiKeys(await openContext(), mode);
    });

  program
    .command('revoke-api-key')
    .description('end an API key for good; every api refuses it within 5 seconds')
    .argument('<key>', 'its id or its name, as "api-keys" shows them')
    // An id may begin with a hyphen.
    .allowUnknownOption()
    .action(async (key: string) => {
      await revokeApiKey(await openContext(), key);
    });

  program
    .command('hash-password')
    .description("hash the admin's password, asked for or read from standard input, for ADMIN_PASSWORD_HASH")
    .action(async () => {
      const { printPasswordHash } = await import('./hash-password.ts');
      await printPasswordHash(process.stdin);
    });
}
