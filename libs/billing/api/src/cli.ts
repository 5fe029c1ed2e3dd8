import type { CliCommand, CliGroup } from '#cli';

export const billingGroups: readonly CliGroup[] = [];

export const billingCommands: readonly CliCommand[] = [
  {
    path: ['org', 'plan'],
    summary: 'Show the plan of the organization',
    examples: ['astroctl org plan'],
    load: async () => (await import('./plan.cli.ts')).planGet,
  },
  {
    path: ['org', 'plan', 'list'],
    summary: 'Compare all plans',
    examples: ['astroctl org plan list'],
    load: async () => (await import('./plan.cli.ts')).planList,
  },
  {
    path: ['org', 'plan', 'set'],
    summary: 'Change the plan',
    options: { plan: { positional: 'required', help: 'name of the plan' } },
    examples: ['astroctl org plan set enterprise'],
    load: async () => (await import('./plan.cli.ts')).planSet,
  },
];
