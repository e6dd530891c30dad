import type { History, Step } from './histories.ts';
import type { Operation, SentEvent } from './oracle.ts';

/** A history as a list of what is done, one line each. */
export function describeHistory({ users, months, steps }: History): string {
  return [
    `${users.join(', ')}; ${months[0]} to ${months.at(-1)}`,
    ...steps.map((step, index) => `${index + 1}. ${describeStep(step)}`),
  ].join('\n');
}

/** In one line, or a line for each operation where several go on at once. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'alone':
      return describeOperation(step.operation);
    case 'race':
      return `at once, ${step.apartMs} ms apart:${indented(step.operations)}`;
    case 'held':
      return `held open (${step.gate}):${indented(step.first)}\n   meanwhile:${indented(step.meanwhile)}`;
  }
}

function indented(operations: readonly Operation[]): string {
  return operations.map((each) => `\n   - ${describeOperation(each)}`).join('');
}

/** As a person would say it, with everything that is needed to do it again. */
export function describeOperation(operation: Operation): string {
  switch (operation.type) {
    case 'send':
      return `send ${operation.events.map(describeEvent).join(' | ')}`;
    case 'freeze':
      return `freeze ${operation.month} of ${operation.userId}`;
    case 'close':
      return `freeze ${operation.month} of everybody`;
    case 'buyCredits': {
      const { userId, cents, purchase, expiresAt } = operation;
      const life = expiresAt === null ? 'for ever' : `until ${expiresAt}`;
      return `${userId} buys ${cents} cents of credits ${life} (${purchase})`;
    }
    case 'takeBack':
      return `take back ${operation.dueCents} cents of ${operation.purchase}, of ${operation.userId}`;
    case 'setPrice':
      return `${operation.product} costs ${operation.cents} cents from ${operation.fromMonth} on`;
  }
}

function describeEvent({ id, userId, product, quantity, occurredAt, resourceId }: SentEvent): string {
  const what = resourceId === undefined ? product : `${product} on ${resourceId}`;
  return `${id}: ${userId} ${quantity} ${what} at ${occurredAt}`;
}
