import { Command } from 'commander';
import { addAccessCommands } from './access-commands.ts';
import { addBillCommands } from './bill-commands.ts';
import { addCloseCommands } from './close-commands.ts';
import { complain, describeError } from './console.ts';
import { addCustomerCommands } from './customer-commands.ts';
import { loadEnvironmentFile } from './environment-file.ts';
import { addOperationsCommands } from './operations-commands.ts';
import { addStripeCommands } from './stripe-commands.ts';

const program = new Command('billing')
  .description(
    'Runs the billing: of the stack that "npm start" runs, or of the parts that the environment configures.',
  )
  .showHelpAfterError();

addStripeCommands(program);
addBillCommands(program);
addCloseCommands(program);
addCustomerCommands(program);
addAccessCommands(program);
addOperationsCommands(program);

try {
  loadEnvironmentFile();
  await program.parseAsync();
} catch (error) {
  complain(describeError(error));
  process.exitCode = 1;
}
