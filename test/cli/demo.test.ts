import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';
import { makeFolder, pressCtrlC, processesOf, runCommand, untilNoProcessOf } from './command.ts';

describe('npm run demo', () => {
  let folder: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    ({ folder, remove } = await makeFolder());
  });
  afterEach(async () => {
    await remove();
  });

  /** Folders of ours; tsx keeps its own cache there. */
  const leftBehind = async () => (await readdir(folder)).filter((name) => name.startsWith('durable-billing'));

  it('plays the whole story, prints the bill and the links, exits 0 and leaves nothing behind', async () => {
    const demo = runCommand('demo', [], { TMPDIR: folder });
    expect(await demo.ended, demo.output()).toBe(0);
    const output = demo.output();
    for (const line of ['CPU Hour', 'GPU Hour', 'Storage GB-Month', 'API Calls'])
      expect(output).toContain(line);
    expect(output).toMatch(/Total +\$1,409\.21/);
    expect(output).toMatch(/Subscription +sub_\w+, one, with \d+ metered products/);
    expect(output).toContain(`one, with ${METERED_PRODUCTS.length} metered products`);
    expect(output).toMatch(/Invoice +in_\w+, paid, \$1,409\.21 charged/);
    expect(output).toMatch(/Second close +0 bills frozen, 0 invoiced/);
    expect(output).toMatch(/http:\S+\/workflows\/customer-billing%3Alive%3Acus_/);
    expect(output).toMatch(/http:\S+\/workflows\/monthly-billing%3Alive%3A\d{4}-\d{2}/);
    expect(output).toContain('Everything is as it must be.');
    expect(await processesOf(folder)).toEqual([]);
    expect(await leftBehind()).toEqual([]);
  });

  it('runs on its own parts, whatever the environment configures', async () => {
    const demo = runCommand('demo', [], {
      TMPDIR: folder,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      STRIPE_SECRET_KEY: 'sk_live_real',
      BILLING_APPROVAL: 'required',
    });
    expect(await demo.ended, demo.output()).toBe(0);
  });

  it.each(['the whole story', 'PostgreSQL ', '3. '])(
    'ends on Ctrl-C after it printed "%s", and leaves nothing behind',
    async (line) => {
      const demo = runCommand('demo', [], { TMPDIR: folder });
      await demo.printed(line);
      pressCtrlC(demo);
      expect(await demo.ended, demo.output()).toBe(130);
      expect(await untilNoProcessOf(folder)).toEqual([]);
      expect(await leftBehind()).toEqual([]);
    },
  );

  it('leaves nothing behind when it is killed', async () => {
    const demo = runCommand('demo', [], { TMPDIR: folder });
    await demo.printed('2. ');
    if (demo.child.pid !== undefined) process.kill(-demo.child.pid, 'SIGKILL');
    await demo.ended;
    expect(await untilNoProcessOf(folder)).toEqual([]);
    expect(await leftBehind()).toEqual([]);
  });
});
