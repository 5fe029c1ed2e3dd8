import type { CliCommand, CliGroup, OptionSpec } from '#cli';

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
  { path: ['app', 'profile'], summary: 'Application profiles: common settings, and the cluster they lead to' },
  { path: ['clusters'], summary: 'Kubernetes clusters' },
  { path: ['clusters', 'policy'], summary: 'What may be deployed to a cluster' },
];

const name: OptionSpec = { positional: 'required', help: 'name of the application' };
const filename: OptionSpec = { short: 'f', help: 'file, folder, or - for standard input', value: 'path', repeat: true };
const recursive: OptionSpec = { short: 'R', help: 'folders within folders too' };
const dryRun: OptionSpec = { help: 'say what would happen, change nothing' };
const timeout: OptionSpec = { help: 'how long to wait', value: 'time', default: '5m' };
const follow: OptionSpec = { short: 'f', help: 'keep printing new lines' };
const clusterName: OptionSpec = { positional: 'required', help: 'name of the cluster' };
const applications = () => import('./applications.cli.ts');
const profiles = () => import('./profiles.cli.ts');
const clusters = () => import('./clusters.cli.ts');

export const deploymentsCommands: readonly CliCommand[] = [
  {
    path: ['app', 'apply'],
    summary: 'Create or change applications (and profiles) from manifests',
    options: {
      filename,
      recursive,
      'dry-run': dryRun,
      diff: { help: 'show what would change, change nothing' },
      wait: { help: 'wait until the rollout has ended' },
      timeout,
    },
    examples: [
      'astroctl app apply -f examples/hello-world.yaml --wait',
      'astroctl app apply -f deploy/ -R',
      'cat app.yaml | astroctl app apply -f -',
    ],
    load: async () => (await applications()).appApply,
  },
  {
    path: ['app', 'get'],
    summary: 'List applications, or show one',
    options: { name: { ...name, positional: 'optional' } },
    examples: ['astroctl app get', 'astroctl app get web -o json'],
    load: async () => (await applications()).appGet,
  },
  {
    path: ['app', 'status'],
    summary: 'Show how far the latest revision has rolled out',
    options: {
      name,
      watch: { short: 'w', help: 'wait until the rollout has ended' },
      field: { help: 'print the value of this line alone', value: 'key' },
      timeout,
    },
    examples: [
      'astroctl app status web',
      'astroctl app status web --field endpoint',
      'astroctl app status web -o json',
    ],
    load: async () => (await applications()).appStatus,
  },
  {
    path: ['app', 'resources'],
    summary: 'List the objects of an application',
    options: { name },
    examples: ['astroctl app resources web'],
    load: async () => (await applications()).appResources,
  },
  {
    path: ['app', 'wait'],
    summary: 'Wait for applications',
    options: {
      name: { positional: 'many', help: 'names of applications' },
      for: { help: 'what to wait for', value: 'state', choices: ['running', 'healthy', 'deleted'], default: 'running' },
      timeout,
    },
    examples: ['astroctl app wait web', 'astroctl app wait web api --for healthy --timeout 10m'],
    load: async () => (await applications()).appWait,
  },
  {
    path: ['app', 'logs'],
    summary: 'Print the log lines of an application’s pods, oldest first',
    options: {
      name,
      follow,
      since: { help: 'not older than this', value: 'time' },
      tail: { help: 'only the last lines of each pod', value: 'lines' },
      container: { short: 'c', help: 'of this container', value: 'name' },
      previous: { help: 'of the container that ran before' },
      prefix: { help: 'put the name of the pod before each line' },
    },
    examples: ['astroctl app logs web -f', 'astroctl app logs web --since 1h --tail 100'],
    load: async () => (await applications()).appLogs,
  },
  {
    path: ['app', 'events'],
    summary: 'What happened to an application, oldest first',
    options: { name, follow, kubernetes: { short: 'k', help: 'Kubernetes events of its objects' } },
    examples: ['astroctl app events web', 'astroctl app events web -k', 'astroctl app events web -f'],
    load: async () => (await applications()).appEvents,
  },
  {
    path: ['app', 'history'],
    summary: 'Revisions of an application, oldest first',
    options: { name },
    examples: ['astroctl app history web'],
    load: async () => (await applications()).appHistory,
  },
  {
    path: ['app', 'rollback'],
    summary: 'Deploy the content of an older revision as a new one',
    options: { name, to: { help: 'the revision; the newest that succeeded before when left out', value: 'version' } },
    examples: ['astroctl app rollback web', 'astroctl app rollback web --to v3 -y'],
    load: async () => (await applications()).appRollback,
  },
  {
    path: ['app', 'delete'],
    summary: 'Delete an application and its objects; its history stays',
    options: { name, orphan: { help: 'leave the objects on the cluster' }, timeout },
    examples: ['astroctl app delete web', 'astroctl app delete web -y'],
    load: async () => (await applications()).appDelete,
  },
  {
    path: ['app', 'validate'],
    summary: 'Check manifests without applying them',
    options: { filename, recursive, online: { help: 'ask the server as well; nothing is changed' } },
    examples: ['astroctl app validate -f deploy/', 'astroctl app validate -f web.yaml --online'],
    load: async () => (await applications()).appValidate,
  },
  {
    path: ['app', 'profile', 'apply'],
    summary: 'Create or change profiles from manifests',
    options: { filename, recursive, 'dry-run': dryRun },
    examples: ['astroctl app profile apply -f examples/profile.yaml'],
    load: async () => (await profiles()).profileApply,
  },
  {
    path: ['app', 'profile', 'get'],
    summary: 'List profiles, or show one',
    options: { name: { positional: 'optional', help: 'name of the profile' } },
    examples: ['astroctl app profile get', 'astroctl app profile get default'],
    load: async () => (await profiles()).profileGet,
  },
  {
    path: ['app', 'profile', 'delete'],
    summary: 'Delete a profile that no application uses',
    options: { name: { positional: 'required', help: 'name of the profile' } },
    examples: ['astroctl app profile delete staging'],
    load: async () => (await profiles()).profileDelete,
  },
  {
    path: ['app', 'profile', 'tiers'],
    summary: 'List availability tiers',
    options: { tier: { positional: 'optional', help: 'one of them' } },
    examples: ['astroctl app profile tiers', 'astroctl app profile tiers premium'],
    load: async () => (await profiles()).profileTiers,
  },
  {
    path: ['clusters', 'list'],
    summary: 'List clusters',
    options: { provider: { short: 'p', help: 'of this provider', value: 'provider' } },
    examples: ['astroctl clusters list', 'astroctl clusters list -p aws'],
    load: async () => (await clusters()).clustersList,
  },
  {
    path: ['clusters', 'get'],
    summary: 'Show one cluster, or list all',
    options: { name: { ...clusterName, positional: 'optional' } },
    examples: ['astroctl clusters get dev'],
    load: async () => (await clusters()).clustersGet,
  },
  {
    path: ['clusters', 'register'],
    summary: 'Register a cluster: makes an account on it with your own kubeconfig, on your machine',
    options: {
      'cluster-name': { help: 'what it is called here', value: 'name' },
      kubeconfig: { help: 'your kubeconfig, used on this machine only', value: 'file' },
      context: { help: 'the context in it', value: 'name' },
      region: { help: 'where it runs', value: 'region' },
      provider: { help: 'who runs it, one word', value: 'provider' },
      filename: { ...filename, help: 'a K8sClusterRegistration instead' },
      'from-file': { help: 'a ready kubeconfig with a token instead', value: 'file' },
      'dry-run': { help: 'print the objects that would be made, do nothing' },
    },
    examples: [
      'astroctl clusters register --cluster-name dev',
      'astroctl clusters register --cluster-name eu-prod --kubeconfig prod.yaml --region eu-west-1 --provider aws',
      'astroctl clusters register --cluster-name dev --dry-run',
    ],
    load: async () => (await clusters()).clustersRegister,
  },
  {
    path: ['clusters', 'access'],
    summary: 'Show who has an account on a cluster',
    options: { name: clusterName },
    examples: ['astroctl clusters access dev'],
    load: async () => (await clusters()).clustersAccess,
  },
  {
    path: ['clusters', 'delete'],
    summary: 'Forget a cluster that nothing uses',
    options: { name: clusterName },
    examples: ['astroctl clusters delete dev'],
    load: async () => (await clusters()).clustersDelete,
  },
  {
    path: ['clusters', 'policy', 'get'],
    summary: 'Show what may be deployed to a cluster',
    options: { name: clusterName },
    examples: ['astroctl clusters policy get dev'],
    load: async () => (await clusters()).policyGet,
  },
  {
    path: ['clusters', 'policy', 'set'],
    summary: 'Change what may be deployed to a cluster',
    options: {
      name: clusterName,
      namespaces: { help: 'globs over namespaces, with commas; ! excludes', value: 'list' },
      'cluster-scoped': { help: 'deny, allow, or a list of group/Kind', value: 'list' },
      'pod-security': {
        help: 'Pod Security Standard',
        value: 'level',
        choices: ['restricted', 'baseline', 'privileged'],
      },
    },
    examples: [
      'astroctl clusters policy set dev --pod-security restricted',
      "astroctl clusters policy set dev --namespaces 'team-*,!team-legacy'",
    ],
    load: async () => (await clusters()).policySet,
  },
  {
    path: ['clusters', 'set-context'],
    summary: 'Make a cluster the current context of kubectl; no secret is stored',
    options: {
      cluster: clusterName,
      name: { help: 'name of the context; the cluster’s when left out', value: 'context' },
    },
    examples: ['astroctl clusters set-context dev && kubectl get pods -A'],
    load: async () => (await clusters()).setContext,
  },
  {
    path: ['clusters', 'delete-context'],
    summary: 'Delete a context that set-context made',
    options: { name: { positional: 'required', help: 'name of the context' } },
    examples: ['astroctl clusters delete-context dev'],
    load: async () => (await clusters()).deleteContext,
  },
  {
    path: ['kube-token'],
    summary: 'Print a short-lived token; run by kubectl',
    options: { cluster: { help: 'name of the cluster', value: 'name' } },
    examples: ['astroctl kube-token --cluster dev'],
    load: async () => (await clusters()).kubeToken,
  },
];
