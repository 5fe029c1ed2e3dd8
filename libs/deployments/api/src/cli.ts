import { implement, type CliCommand, type CliGroup } from '#cli';
import { applicationCommands, clusterCommands, profileCommands } from './commands.cli.ts';

export const deploymentsGroups: readonly CliGroup[] = [
  {
    path: ['app'],
    summary: 'Applications',
    examples: [
      'astroctl app apply -f deploy/ --wait',
      'astroctl app get',
      'astroctl app status web',
      'astroctl app logs web -f',
      'astroctl app events web -k',
      'astroctl app rollback web --to v3',
    ],
  },
  { path: ['app', 'profile'], summary: 'Application profiles: common settings and the target cluster' },
  { path: ['clusters'], summary: 'Kubernetes clusters' },
  { path: ['clusters', 'policy'], summary: 'Policy: what may be deployed to a cluster' },
];

export const deploymentsCommands: readonly CliCommand[] = [
  ...implement(applicationCommands, () => import('./applications.cli.ts')),
  ...implement(profileCommands, () => import('./profiles.cli.ts')),
  ...implement(clusterCommands, () => import('./clusters.cli.ts')),
];
