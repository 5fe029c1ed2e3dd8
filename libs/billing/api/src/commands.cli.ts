import type { CommandDeclarations } from '#cli';

export const planCommands = {
  planGet: {
    path: ['org', 'plan'],
    summary: 'Show the plan of the organization',
    examples: ['astroctl org plan'],
  },
  usage: {
    path: ['org', 'usage'],
    summary: 'Show the limits of the plan with their current use, and the deployments that count today',
    examples: ['astroctl org usage', 'astroctl org usage -o json'],
  },
  planList: {
    path: ['org', 'plan', 'list'],
    summary: 'Compare all plans',
    examples: ['astroctl org plan list'],
  },
  planSet: {
    path: ['org', 'plan', 'set'],
    summary: 'Change the plan',
    options: {
      plan: { positional: 'required', help: 'name of the plan', names: ['org', 'plan', 'list'] },
      'dry-run': { help: 'show which limits would change, or what exceeds them, without changing anything' },
    },
    examples: ['astroctl org plan set enterprise --dry-run', 'astroctl org plan set enterprise'],
  },
} as const satisfies CommandDeclarations;
