import type { CommandDeclarations, OptionSpec } from '#cli';

const projection = {
  positional: 'required',
  help: 'name of a projection, such as organization-members.v1',
  names: ['admin', 'projections', 'list'],
} as const satisfies OptionSpec;

/** Commands of the administration of the platform. */
export const doctorCommands = {
  doctor: {
    path: ['admin', 'doctor'],
    summary: 'Check the platform: stores, login, mail, services, projections, programs, and settings',
    examples: ['astroctl admin doctor', 'astroctl admin doctor -o json'],
  },
} as const satisfies CommandDeclarations;

export const projectionCommands = {
  projectionsList: {
    path: ['admin', 'projections', 'list'],
    summary: 'List projections: how far each is behind the log, its state, and its parked documents',
    examples: ['astroctl admin projections list', 'astroctl admin projections list -o wide'],
  },
  projectionsRebuild: {
    path: ['admin', 'projections', 'rebuild'],
    summary: 'Rebuild a projection from the log, while its current documents continue to serve',
    options: { projection },
    examples: ['astroctl admin projections rebuild deployments-egress.v1'],
  },
  projectionsRetry: {
    path: ['admin', 'projections', 'retry'],
    summary: 'Rebuild the parked documents of a projection',
    options: { projection },
    examples: ['astroctl admin projections retry deployments-egress.v1'],
  },
} as const satisfies CommandDeclarations;
