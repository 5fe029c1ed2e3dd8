import { implement, type CliCommand, type CliGroup } from '#cli';
import { doctorCommands, projectionCommands } from './commands.cli.ts';

/** Command groups of the administration of the platform, below `admin`. */
export const operationsGroups: readonly CliGroup[] = [
  {
    path: ['admin', 'projections'],
    summary: 'Projections: the documents that are computed from the log',
    examples: ['astroctl admin projections list', 'astroctl admin projections rebuild deployments-egress.v1'],
  },
];

/** Commands of the administration of the platform. */
export const operationsCommands: readonly CliCommand[] = [
  ...implement(doctorCommands, () => import('./doctor.cli.ts')),
  ...implement(projectionCommands, () => import('./projections.cli.ts')),
];
