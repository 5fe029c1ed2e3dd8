import { implement, type CliCommand, type CliGroup } from '#cli';
import { planCommands } from './commands.cli.ts';

export const billingGroups: readonly CliGroup[] = [];

export const billingCommands: readonly CliCommand[] = implement(planCommands, () => import('./plan.cli.ts'));
