import { implement, type CliCommand, type CliGroup } from '#cli';
import {
  applicationCommands,
  clusterCommands,
  credentialCommands,
  egressCommands,
  explainCommands,
  profileCommands,
  secretCommands,
  webhookCommands,
} from './commands.cli.ts';

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
    path: ['app', 'secrets'],
    summary: 'Secrets of an application: values that nobody can read back',
    examples: ['astroctl app secrets set web DATABASE_URL < url.txt', 'astroctl app secrets list web'],
  },
  {
    path: ['app', 'webhook'],
    summary: 'Webhooks of an application: a git host reports pushes, which are deployed at once',
    examples: ['astroctl app webhook create web', 'astroctl app webhook list web'],
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
  {
    path: ['clusters', 'ingress'],
    summary: 'Ingress settings of a cluster: class, domain, and TLS',
    examples: [
      'astroctl clusters ingress get dev',
      'astroctl clusters ingress set dev --class nginx --domain apps.acme.dev --tls issuer:letsencrypt',
    ],
  },
  {
    path: ['clusters', 'health'],
    summary: 'Rules of a cluster for the health of custom kinds',
    examples: ['astroctl clusters health get dev', 'astroctl clusters health set dev -f health.yaml'],
  },
  {
    path: ['credentials'],
    summary: 'Credentials of git and registry hosts',
    examples: ['astroctl credentials list', 'astroctl credentials set git.acme.dev --kind git < token.txt'],
  },
  {
    path: ['admin'],
    summary: 'Administration of the platform (global admin)',
    examples: ['astroctl admin doctor', 'astroctl admin projections list', 'astroctl admin egress list'],
  },
  {
    path: ['admin', 'egress'],
    summary: 'Private and loopback addresses that the platform may connect to',
    examples: ['astroctl admin egress list', 'astroctl admin egress allow 127.0.0.1:6443'],
  },
];

/** Commands of deployments. */
export const deploymentsCommands: readonly CliCommand[] = [
  ...implement(applicationCommands, () => import('./applications.cli.ts')),
  ...implement(secretCommands, () => import('./secrets.cli.ts')),
  ...implement(webhookCommands, () => import('./webhooks.cli.ts')),
  ...implement(explainCommands, () => import('./explain.cli.ts')),
  ...implement(profileCommands, () => import('./profiles.cli.ts')),
  ...implement(clusterCommands, () => import('./clusters.cli.ts')),
  ...implement(credentialCommands, () => import('./credentials.cli.ts')),
  ...implement(egressCommands, () => import('./egress.cli.ts')),
];
