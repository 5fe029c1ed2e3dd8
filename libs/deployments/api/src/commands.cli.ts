import type { CommandDeclarations, OptionSpec } from '#cli';

const name = {
  positional: 'required',
  help: 'name of the application',
  names: ['app', 'get'],
} as const satisfies OptionSpec;
const versions = { names: ['app', 'history', 'NAME'] } as const;
const profileName = { help: 'name of the profile', names: ['app', 'profile', 'get'] } as const;
const filename = {
  short: 'f',
  help: 'file, folder, or - for standard input',
  value: 'path',
  repeat: true,
} as const satisfies OptionSpec;
const recursive = { short: 'R', help: 'include subfolders' } as const satisfies OptionSpec;
const dryRun = { help: 'show what would happen, without changing anything' } as const satisfies OptionSpec;
const message = {
  short: 'm',
  help: 'why, in one line; it is stored unencrypted and shown to all who can read the application',
  value: 'text',
} as const satisfies OptionSpec;
const timeout = { help: 'how long to wait', value: 'time', default: '5m' } as const satisfies OptionSpec;
const follow = { short: 'f', help: 'keep printing new lines' } as const satisfies OptionSpec;
const clusterName = {
  positional: 'required',
  help: 'name of the cluster',
  names: ['clusters', 'list'],
} as const satisfies OptionSpec;

/** Returns the message of a change as requests contain it. */
export const reasonIn = ({ message: text }: { readonly message: string | undefined }): { readonly message?: string } =>
  text === undefined ? {} : { message: text };

/** Commands of applications, grouped by the file that implements them. */
export const applicationCommands = {
  appApply: {
    path: ['app', 'apply'],
    summary: 'Create or update applications (and profiles) from manifests',
    options: {
      filename,
      recursive,
      'dry-run': dryRun,
      diff: { help: 'show field by field what would change, without changing anything' },
      wait: { help: 'wait for the rollout to finish' },
      timeout,
      'fail-fast': { help: 'fail on the first problem instead of waiting for it to be resolved' },
      message,
      plan: { help: 'plan that --dry-run printed; nothing else is deployed', value: 'plan' },
    },
    examples: [
      'astroctl app apply -f examples/hello-world.yaml --wait',
      'astroctl app apply -f deploy/ -R',
      "astroctl app apply -f web.yaml --message 'fix the checkout'",
      'cat app.yaml | astroctl app apply -f -',
    ],
  },
  appGet: {
    path: ['app', 'get'],
    summary: 'List applications, or show one',
    options: { name: { ...name, positional: 'optional' } },
    examples: ['astroctl app get', 'astroctl app get web -o json'],
  },
  appStatus: {
    path: ['app', 'status'],
    summary: 'Show the rollout status of the latest revision',
    options: {
      name,
      watch: { short: 'w', help: 'wait for the rollout to finish' },
      field: { help: 'print only the value of this field', value: 'key' },
      timeout,
    },
    examples: [
      'astroctl app status web',
      'astroctl app status web --field endpoint',
      'astroctl app status web -o json',
    ],
  },
  appResources: {
    path: ['app', 'resources'],
    summary: 'List the objects of an application',
    options: { name },
    examples: ['astroctl app resources web'],
  },
  appTop: {
    path: ['app', 'top'],
    summary: 'Show the CPU and memory that the pods of an application use, next to requests and limits',
    options: { name, containers: { help: 'show the containers of each pod' } },
    examples: ['astroctl app top web', 'astroctl app top web --containers'],
  },
  appWait: {
    path: ['app', 'wait'],
    summary: 'Wait for applications',
    options: {
      name: { ...name, positional: 'many', help: 'application names' },
      for: { help: 'what to wait for', value: 'state', choices: ['running', 'healthy', 'deleted'], default: 'running' },
      timeout,
    },
    examples: ['astroctl app wait web', 'astroctl app wait web api --for healthy --timeout 10m'],
  },
  appLogs: {
    path: ['app', 'logs'],
    summary: 'Print the log lines of an application’s pods, oldest first',
    options: {
      name,
      follow,
      since: { help: 'only lines newer than this', value: 'time' },
      tail: { help: 'only this many lines per pod, the newest', value: 'lines' },
      container: { short: 'c', help: 'only this container', value: 'name' },
      previous: { help: 'logs of the previous run of the container' },
      prefix: { help: 'prefix each line with the pod name' },
    },
    examples: ['astroctl app logs web -f', 'astroctl app logs web --since 1h --tail 100'],
  },
  appEvents: {
    path: ['app', 'events'],
    summary: 'Show events of an application, oldest first',
    options: { name, follow, kubernetes: { short: 'k', help: 'show Kubernetes events of its objects' } },
    examples: ['astroctl app events web', 'astroctl app events web -k', 'astroctl app events web -f'],
  },
  appHistory: {
    path: ['app', 'history'],
    summary: 'List revisions of an application, oldest first, or show one with its attempts',
    options: {
      name,
      version: {
        ...versions,
        positional: 'optional',
        help: 'show only this version: who, when, why, what, and each attempt',
      },
      objects: { help: 'print the objects as they were applied, with fingerprints instead of secrets' },
    },
    examples: [
      'astroctl app history web',
      'astroctl app history web v3',
      'astroctl app history web v3 --objects',
      'astroctl app history web v3 --objects -o json',
    ],
  },
  appSet: {
    path: ['app', 'set'],
    summary: 'Change fields of an application as a new revision',
    options: {
      name,
      field: { positional: 'many', help: 'PATH=VALUE, such as image.tag=1.5.0; an empty value removes the field' },
      'dry-run': dryRun,
      wait: { help: 'wait for the rollout to finish' },
      timeout,
      message,
    },
    examples: [
      'astroctl app set web image.tag=1.5.0 --wait',
      'astroctl app set web image.replicas=3 image.env.MODE=live',
      'astroctl app set web image.env.DEBUG=',
    ],
  },
  appDiff: {
    path: ['app', 'diff'],
    summary: 'Show field by field what differs between revisions; exits with 1 if they differ',
    options: {
      name,
      from: { ...versions, positional: 'optional', help: 'version; defaults to the one before the latest' },
      to: { ...versions, positional: 'optional', help: 'version; defaults to the latest' },
      filename: { ...filename, help: 'compare the latest revision with a manifest that is not applied yet' },
      live: { help: 'compare the latest revision with the cluster' },
    },
    examples: [
      'astroctl app diff web',
      'astroctl app diff web v3 v4',
      'astroctl app diff web -f web.yaml',
      'astroctl app diff web --live',
    ],
  },
  appExport: {
    path: ['app', 'export'],
    summary: 'Print the manifest of an application',
    options: { name, revision: { ...versions, help: 'version; defaults to the latest', value: 'version' } },
    examples: ['astroctl app export web > web.yaml', 'astroctl app export web --revision v3 -o json'],
  },
  appOpen: {
    path: ['app', 'open'],
    summary: 'Open the address of an application in a browser',
    options: { name, console: { help: 'open the page of the application in the console instead' } },
    examples: ['astroctl app open web', 'astroctl app open web --console'],
  },
  appRollback: {
    path: ['app', 'rollback'],
    summary: 'Deploy the content of an older revision as a new one',
    options: {
      name,
      to: { ...versions, help: 'revision; defaults to the latest earlier revision that succeeded', value: 'version' },
      message,
    },
    examples: ['astroctl app rollback web', "astroctl app rollback web --to v3 -y --message 'orders fail since v4'"],
  },
  appSync: {
    path: ['app', 'sync'],
    summary: 'Deploy the latest revision again, to correct drift',
    options: { name, wait: { help: 'wait for the rollout to finish' }, timeout, message },
    examples: ['astroctl app sync web', 'astroctl app sync web --wait'],
  },
  appRestart: {
    path: ['app', 'restart'],
    summary: 'Replace the pods of an application one by one, without a new revision',
    options: { name, wait: { help: 'wait for the rollout to finish' }, timeout, message },
    examples: ['astroctl app restart web', 'astroctl app restart web --wait'],
  },
  appAdopt: {
    path: ['app', 'adopt'],
    summary: 'Take over objects on the cluster that belong to no application and made the last rollout fail',
    options: { name, 'dry-run': dryRun, wait: { help: 'wait for the rollout to finish' }, timeout, message },
    examples: ['astroctl app adopt web --dry-run', 'astroctl app adopt web --wait'],
  },
  appPause: {
    path: ['app', 'pause'],
    summary: 'Record new revisions without deploying them',
    options: { name, message },
    examples: ['astroctl app pause web', "astroctl app pause web --message 'until the migration is done'"],
  },
  appResume: {
    path: ['app', 'resume'],
    summary: 'Continue deploying new revisions after a pause or a rollback',
    options: { name, message },
    examples: ['astroctl app resume web'],
  },
  appDelete: {
    path: ['app', 'delete'],
    summary: 'Delete an application and its objects; its history is kept',
    options: {
      name,
      orphan: { help: 'keep the objects on the cluster' },
      'no-hooks': { help: 'do not run hooks, also not those of a deletion in progress' },
      timeout,
    },
    examples: ['astroctl app delete web', 'astroctl app delete web -y', 'astroctl app delete web --no-hooks'],
  },
  appValidate: {
    path: ['app', 'validate'],
    summary: 'Check manifests without applying them',
    options: { filename, recursive, online: { help: 'also validate on the server, without changing anything' } },
    examples: ['astroctl app validate -f deploy/', 'astroctl app validate -f web.yaml --online'],
  },
} as const satisfies CommandDeclarations;

const changing = { 'dry-run': dryRun, wait: { help: 'wait for the rollout to finish' }, timeout } as const;

/** Commands of application secrets. */
export const secretCommands = {
  secretsSet: {
    path: ['app', 'secrets', 'set'],
    summary: 'Set a secret to the value on standard input, and deploy the application again if it uses the secret',
    options: {
      name,
      key: { positional: 'optional', help: 'key of the secret, such as DATABASE_URL' },
      'from-env-file': { help: 'set all KEY=VALUE lines of this file, in one revision', value: 'path' },
      ...changing,
    },
    examples: [
      'astroctl app secrets set web DATABASE_URL < url.txt',
      'astroctl app secrets set web --from-env-file .env --wait',
    ],
  },
  secretsList: {
    path: ['app', 'secrets', 'list'],
    summary: 'List the secrets of an application; nobody can read their values',
    options: { name },
    examples: ['astroctl app secrets list web'],
  },
  secretsUnset: {
    path: ['app', 'secrets', 'unset'],
    summary: 'Remove a secret, and deploy the application again without it if it uses the secret',
    options: {
      name,
      key: {
        positional: 'required',
        help: 'key of the secret',
        names: ['app', 'secrets', 'list', 'NAME'],
      },
      ...changing,
    },
    examples: ['astroctl app secrets unset web DATABASE_URL', 'astroctl app secrets unset web DATABASE_URL --dry-run'],
  },
} as const satisfies CommandDeclarations;

/** Commands of webhooks. */
export const webhookCommands = {
  webhookCreate: {
    path: ['app', 'webhook', 'create'],
    summary: 'Create an address and a secret with which a git host reports pushes; the secret is shown once',
    options: {
      name,
      provider: {
        help: 'how deliveries are signed: as GitHub does (default), as GitLab does, or with X-Astro-Signature',
        value: 'provider',
        choices: ['github', 'gitlab', 'generic'],
      },
    },
    examples: ['astroctl app webhook create web', 'astroctl app webhook create web --provider gitlab'],
  },
  webhookList: {
    path: ['app', 'webhook', 'list'],
    summary: 'List the webhooks of an application, without their secrets',
    options: { name },
    examples: ['astroctl app webhook list web', 'astroctl app webhook list web -o wide'],
  },
  webhookDelete: {
    path: ['app', 'webhook', 'delete'],
    summary: 'Delete a webhook; its deliveries are refused from then on',
    options: {
      name,
      id: { positional: 'required', help: 'ID of the webhook', names: ['app', 'webhook', 'list', 'NAME'] },
      'dry-run': dryRun,
    },
    examples: [
      'astroctl app webhook delete web wh_0193f2a411de7a90b6c72f8f0b6d9c020123456789abcdef',
      'astroctl app webhook delete web wh_0193f2a411de7a90b6c72f8f0b6d9c020123456789abcdef --dry-run',
    ],
  },
} as const satisfies CommandDeclarations;

export const explainCommands = {
  explain: {
    path: ['explain'],
    summary: 'Describe a field of a manifest',
    options: {
      field: { positional: 'required', help: 'kind of the manifest and path of the field, such as application.source' },
      recursive: { help: 'also print all fields below it' },
    },
    examples: ['astroctl explain application.source.image', 'astroctl explain applicationprofile --recursive'],
  },
} as const satisfies CommandDeclarations;

/** Commands of profiles. */
export const profileCommands = {
  profileApply: {
    path: ['app', 'profile', 'apply'],
    summary: 'Create or update profiles from manifests',
    options: { filename, recursive, 'dry-run': dryRun },
    examples: ['astroctl app profile apply -f examples/profile.yaml'],
  },
  profileGet: {
    path: ['app', 'profile', 'get'],
    summary: 'List profiles, or show one',
    options: { name: { ...profileName, positional: 'optional' } },
    examples: ['astroctl app profile get', 'astroctl app profile get default'],
  },
  profileDelete: {
    path: ['app', 'profile', 'delete'],
    summary: 'Delete a profile that no application uses',
    options: { name: { ...profileName, positional: 'required' } },
    examples: ['astroctl app profile delete staging'],
  },
  profileTiers: {
    path: ['app', 'profile', 'tiers'],
    summary: 'List availability tiers',
    options: { tier: { positional: 'optional', help: 'tier name', names: ['app', 'profile', 'tiers'] } },
    examples: ['astroctl app profile tiers', 'astroctl app profile tiers premium'],
  },
} as const satisfies CommandDeclarations;

/** Commands of clusters. */
export const clusterCommands = {
  clustersList: {
    path: ['clusters', 'list'],
    summary: 'List clusters',
    options: { provider: { short: 'p', help: 'only clusters of this provider', value: 'provider' } },
    examples: ['astroctl clusters list', 'astroctl clusters list -p aws'],
  },
  clustersGet: {
    path: ['clusters', 'get'],
    summary: 'Show one cluster, or list all',
    options: { name: { ...clusterName, positional: 'optional' } },
    examples: ['astroctl clusters get dev'],
  },
  clustersRegister: {
    path: ['clusters', 'register'],
    summary: 'Register a cluster: uses your kubeconfig on this machine to create a ServiceAccount on the cluster',
    options: {
      'cluster-name': { help: 'name of the cluster on the platform', value: 'name' },
      kubeconfig: { help: 'your kubeconfig; it is used only on this machine', value: 'file' },
      context: { help: 'kubeconfig context', value: 'name' },
      region: { help: 'region of the cluster, such as eu-west-1', value: 'region' },
      provider: { help: 'provider of the cluster in one word, such as aws', value: 'provider' },
      filename: { ...filename, help: 'register from a K8sClusterRegistration manifest instead' },
      'from-file': { help: 'register with an existing kubeconfig that contains a token', value: 'file' },
      'in-cluster': { help: 'register the cluster that the platform runs in; only for global admins' },
      'dry-run': { help: 'print the objects that would be created, without creating them' },
    },
    examples: [
      'astroctl clusters register --cluster-name dev',
      'astroctl clusters register --cluster-name eu-prod --kubeconfig prod.yaml --region eu-west-1 --provider aws',
      'astroctl clusters register --cluster-name home --in-cluster',
      'astroctl clusters register --cluster-name dev --dry-run',
    ],
  },
  clustersAccess: {
    path: ['clusters', 'access'],
    summary: 'Show the accounts of members on a cluster',
    options: { name: clusterName },
    examples: ['astroctl clusters access dev'],
  },
  clustersEvents: {
    path: ['clusters', 'events'],
    summary: 'Show changes of the registration, settings, and state of a cluster, or of all clusters, oldest first',
    options: { name: { ...clusterName, positional: 'optional' }, follow },
    examples: ['astroctl clusters events', 'astroctl clusters events dev', 'astroctl clusters events dev -f'],
  },
  clustersDelete: {
    path: ['clusters', 'delete'],
    summary: 'Remove a cluster that is not in use',
    options: { name: clusterName },
    examples: ['astroctl clusters delete dev'],
  },
  policyGet: {
    path: ['clusters', 'policy', 'get'],
    summary: 'Show the policy of a cluster',
    options: { name: clusterName },
    examples: ['astroctl clusters policy get dev'],
  },
  policySet: {
    path: ['clusters', 'policy', 'set'],
    summary: 'Change the policy of a cluster',
    options: {
      name: clusterName,
      namespaces: { help: 'comma-separated globs of namespaces; ! excludes', value: 'list' },
      'cluster-scoped': { help: 'deny, allow, or a comma-separated list of group/Kind', value: 'list' },
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
  },
  ingressGet: {
    path: ['clusters', 'ingress', 'get'],
    summary: 'Show how applications of a cluster are reached from outside',
    options: { name: clusterName },
    examples: ['astroctl clusters ingress get dev'],
  },
  ingressSet: {
    path: ['clusters', 'ingress', 'set'],
    summary: 'Change how applications of a cluster are reached from outside; none removes a setting',
    options: {
      name: clusterName,
      class: { help: 'class of Ingresses; defaults to the default or only one of the cluster', value: 'name' },
      domain: { help: 'domain for applications that set externalAccess: {}', value: 'domain' },
      tls: {
        help: 'none, secret:NAME (a TLS Secret in the namespace of each application), or issuer:NAME (a ClusterIssuer of cert-manager)',
        value: 'source',
      },
      annotation: { help: 'annotation of every Ingress; an empty value removes it', value: 'key=value', repeat: true },
    },
    examples: [
      'astroctl clusters ingress set dev --class nginx --domain apps.acme.dev --tls issuer:letsencrypt',
      'astroctl clusters ingress set dev --tls none',
      'astroctl clusters ingress set dev --annotation nginx.ingress.kubernetes.io/proxy-body-size=8m',
    ],
  },
  healthGet: {
    path: ['clusters', 'health', 'get'],
    summary: 'Show how the health of custom kinds is determined on a cluster',
    options: { name: clusterName },
    examples: ['astroctl clusters health get dev', 'astroctl clusters health get dev -o yaml > health.yaml'],
  },
  healthSet: {
    path: ['clusters', 'health', 'set'],
    summary: 'Replace how the health of custom kinds is determined on a cluster',
    options: {
      name: clusterName,
      filename: { short: 'f', help: 'file with the rules, or - for standard input', value: 'path' },
    },
    examples: ['astroctl clusters health set dev -f health.yaml'],
  },
  setContext: {
    path: ['clusters', 'set-context'],
    summary: 'Add a cluster to your kubeconfig as the current context; stores no secret',
    options: {
      cluster: clusterName,
      name: { help: 'context name; defaults to the cluster name', value: 'context' },
    },
    examples: ['astroctl clusters set-context dev && kubectl get pods -A'],
  },
  deleteContext: {
    path: ['clusters', 'delete-context'],
    summary: 'Delete a context that set-context created',
    options: { name: { positional: 'required', help: 'name of the context' } },
    examples: ['astroctl clusters delete-context dev'],
  },
  kubeToken: {
    path: ['kube-token'],
    summary: 'Print a short-lived token (run by kubectl)',
    options: { cluster: { help: 'name of the cluster', value: 'name', names: ['clusters', 'list'] } },
    examples: ['astroctl kube-token --cluster dev'],
  },
} as const satisfies CommandDeclarations;

const egressEntry = {
  positional: 'required',
  help: 'host:port, or a CIDR such as 10.4.0.0/16',
} as const satisfies OptionSpec;

const credentialHost = {
  positional: 'required',
  help: 'host, with :port if it is not the default port',
} as const satisfies OptionSpec;
const credentialKind = {
  help: 'what the host serves: git repositories, or charts and images',
  value: 'kind',
  choices: ['git', 'registry'],
} as const satisfies OptionSpec;

/** Commands of credentials. */
export const credentialCommands = {
  credentialsList: {
    path: ['credentials', 'list'],
    summary: 'List credentials of git and registry hosts, without their secrets',
    examples: ['astroctl credentials list', 'astroctl credentials list -o wide'],
  },
  credentialsSet: {
    path: ['credentials', 'set'],
    summary: 'Store how a host is contacted; the secret is read from standard input',
    options: {
      host: credentialHost,
      kind: credentialKind,
      user: { help: 'user name that belongs to the secret', value: 'name' },
      ca: { help: 'PEM file with the certificate authorities of the host', value: 'file' },
      'known-hosts': { help: 'known_hosts file with the keys of the host; required for ssh', value: 'file' },
    },
    examples: [
      'astroctl credentials set git.acme.dev --kind git --user deploy < token.txt',
      'astroctl credentials set git.acme.dev --kind git --known-hosts known_hosts < id_ed25519',
      'astroctl credentials set charts.acme.dev:8443 --kind registry --ca ca.pem',
    ],
  },
  credentialsDelete: {
    path: ['credentials', 'delete'],
    summary: 'Delete the credentials of a host',
    options: { host: { ...credentialHost, names: ['credentials', 'list'] }, kind: credentialKind },
    examples: ['astroctl credentials delete git.acme.dev', 'astroctl credentials delete git.acme.dev --kind git -y'],
  },
} as const satisfies CommandDeclarations;

export const egressCommands = {
  egressList: {
    path: ['admin', 'egress', 'list'],
    summary: 'List private and loopback addresses that the platform may connect to',
    examples: ['astroctl admin egress list', 'astroctl admin egress list -o json'],
  },
  egressAllow: {
    path: ['admin', 'egress', 'allow'],
    summary: 'Allow the platform to connect to a private or loopback address',
    options: { entry: egressEntry },
    examples: ['astroctl admin egress allow 127.0.0.1:6443', 'astroctl admin egress allow 10.4.0.0/16'],
  },
  egressDeny: {
    path: ['admin', 'egress', 'deny'],
    summary: 'Withdraw an address that a global admin allowed',
    options: { entry: { ...egressEntry, names: ['admin', 'egress', 'list'] } },
    examples: ['astroctl admin egress deny 127.0.0.1:6443'],
  },
} as const satisfies CommandDeclarations;
