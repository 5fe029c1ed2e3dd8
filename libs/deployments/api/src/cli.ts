import { implement, type CliCommand, type CliGroup } from '#cli';
import { applicationCommands, clusterCommands, explainCommands, profileCommands } from './commands.cli.ts';

/** Command groups of deployments. */
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
  {
    path: ['app', 'profile'],
    summary: 'Application profiles: common settings and the target cluster',
    examples: ['astroctl app profile apply -f examples/profile.yaml', 'astroctl app profile get'],
  },
  {
    path: ['clusters'],
    summary: 'Kubernetes clusters',
    examples: [
      'astroctl clusters register --cluster-name dev',
      'astroctl clusters get dev',
      'astroctl clusters set-context dev',
    ],
  },
  {
    path: ['clusters', 'policy'],
    summary: 'The policy of a cluster: what can be deployed to it',
    examples: ['astroctl clusters policy get dev', 'astroctl clusters policy set dev --pod-security restricted'],
  },
];

/** Commands of deployments. */
export const deploymentsCommands: readonly CliCommand[] = [
  ...implement(applicationCommands, () => import('./applications.cli.ts')),
  ...implement(explainCommands, () => import('./explain.cli.ts')),
  ...implement(profileCommands, () => import('./profiles.cli.ts')),
  ...implement(clusterCommands, () => import('./clusters.cli.ts')),
];
