import { isIP } from 'node:net';
import { parseEgressPolicy } from '#egress';
import { err, ok, type Result } from '#kernel';
import { z } from 'zod';

/** An environment variable of the server: its meaning, and how its text is converted to a value. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /**
   * Parses the text, which is never empty. The message of its first issue continues a sentence that starts with the
   * name.
   */
  readonly schema: z.ZodType;
  /** Text to use if the variable is not set. Absent: there is no value. */
  readonly default?: string;
  /** The default in the reference, if it is not that text. */
  readonly defaultInWords?: string;
  /** Whether an empty text is valid. */
  readonly mayBeEmpty?: true;
  /** For documentation and generated tests: a valid value, and invalid ones. */
  readonly good: string;
  readonly bad: readonly string[];
}

/** An embedded engine, or the address of a server. */
export type Engine = { readonly kind: 'embedded' } | { readonly kind: 'server'; readonly url: string };

function wholeNumber(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(least, message).max(most, message));
}

/** A folder, or a bucket of an S3-compatible store. */
export type AuditSink =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3';
      /** Address of the bucket, with the prefix of its objects: no slash at its end. */
      readonly url: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly region: string;
    };

const SINK =
  'must be a folder, or a bucket: s3://ACCESS_KEY_ID:SECRET@HOST/BUCKET?region=REGION (s3+http:// without encryption)';
const auditSink = z
  .string()
  .refine((text) => !text.includes('\0') && (!/^[a-z0-9+]+:\/\//i.test(text) || bucketIn(text) !== undefined), SINK)
  .transform((text): AuditSink => bucketIn(text) ?? { kind: 'folder', path: text });

function bucketIn(text: string): AuditSink | undefined {
  const scheme = /^s3(\+http)?:\/\//.exec(text);
  const url = URL.parse(scheme ? text.replace(scheme[0], scheme[1] ? 'http://' : 'https://') : '');
  const [accessKeyId, secretAccessKey] = [url?.username, url?.password].map((part = '') => decodeURIComponent(part));
  const path = url?.pathname.replace(/\/+$/, '');
  if (!url || !path || !accessKeyId || !secretAccessKey || url.hash !== '') return undefined;
  const region = url.searchParams.get('region') ?? 'us-east-1';
  return { kind: 's3', url: `${url.protocol}//${url.host}${path}`, accessKeyId, secretAccessKey, region };
}

/** The text is unchanged, because a trailing slash makes another issuer. */
const exactWebAddress = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://', abort: true })
  .refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username === '' && password === '' && search === '' && hash === '';
  }, 'must not have a user, query, or fragment');
const webAddress = exactWebAddress.transform((text) => text.replace(/\/+$/, ''));

function engine(word: 'embedded' | 'in-process', schemes: readonly string[], later: readonly string[] = []) {
  const choices = [word, ...schemes.map((scheme) => `${scheme}…`)].join(' or ');
  const isServer = (text: string): boolean =>
    schemes.some((scheme) => text.startsWith(scheme)) && addressShown(text) !== undefined;
  return z
    .string()
    .refine((text) => !later.some((scheme) => text.startsWith(scheme)), {
      error: `names an engine that this release does not support; use ${choices}`,
      abort: true,
    })
    .refine((text) => text === word || isServer(text), `must be ${choices}`)
    .transform((text): Engine => (text === word ? { kind: 'embedded' } : { kind: 'server', url: text }));
}

/**
 * Returns the part of a server's address that may be shown: scheme and hosts (comma-separated). Undefined without a
 * host.
 */
export function addressShown(url: string): string | undefined {
  const [, scheme, hosts] = /^([a-z+]+:\/\/)(?:.*@)?([^/@\s]+)(?:\/[^@]*)?$/.exec(url.split('?')[0] ?? '') ?? [];
  return scheme && hosts ? `${scheme}${hosts}` : undefined;
}

/** Comma-separated entries with a given form. */
const entries = (form: RegExp, message: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((entry) => entry.trim()))
    .pipe(z.array(z.string().regex(form, message)));

/** A mail server. The port defaults to 587, or 465 with TLS from the start. */
const mailServer = z
  .string()
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return (
      (url?.protocol === 'smtp:' || url?.protocol === 'smtps:') &&
      url.hostname !== '' &&
      `${url.pathname.replace('/', '')}${url.search}${url.hash}` === ''
    );
  }, 'must be smtp://host:port or smtps://host:port, with user:password@ before the host if the server requires it')
  .transform((url): Engine => ({ kind: 'server', url }));

const EMAIL = /^[^\s@,]{1,64}@[^\s@,]{1,255}$/;
const word = z.string().regex(/^[\x21-\x7e]{1,500}$/, 'must be a single word');
const keys = entries(
  /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=$/,
  'must be keys of the form id:base64 of 32 bytes, newest first, separated by commas (create one: openssl rand -base64 32)',
).transform((list) => list.join(','));

const callerKeys = entries(
  /^[a-z0-9-]{1,32}(\/[a-z0-9-]{1,64}){0,3}:[A-Za-z0-9+/]{43}=$/,
  'must be keys of the form id:base64 of 32 bytes, newest first, separated by commas, or what npm run admin:caller-keys prints',
).transform((list) => list.join(','));
const program = z.string().regex(/^\/[^\0]+$/, 'must be an absolute path');
const path = z.string().regex(/^[^\0]+$/, 'must be a path');

const EGRESS = 'must be host:port or CIDR entries separated by commas, such as 10.4.0.0/16,registry.internal:443';
const egress = entries(/^\[?[0-9a-fA-F.:]+\]?\/\d{1,3}$|^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, EGRESS).refine(
  (list) => parseEgressPolicy(list.join(',')).ok,
  EGRESS,
);

const PROXIES = 'must be CIDR blocks separated by commas, such as 10.4.0.0/16,fd00::/8';
const ALL_ADDRESSES = 'must not contain all addresses: any client could then choose the address that limits apply to';
const proxies = entries(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, PROXIES)
  .refine((list) => list.every(isNetwork), { error: PROXIES, abort: true })
  .refine((list) => !list.some((network) => network.endsWith('/0')), ALL_ADDRESSES);

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/');
  const version = isIP(address);
  return version !== 0 && (bits === undefined || Number(bits) <= (version === 4 ? 32 : 128));
}

/** All variables of the server. Names and defaults are a contract with operators. */
export const VARIABLES = {
  port: {
    name: 'PORT',
    meaning: 'port of the HTTP server; 0 selects a free port',
    default: '8080',
    schema: wholeNumber(0, 65_535),
    good: '8081',
    bad: ['eighty', '-1', '70000', '80.5'],
  },
  host: {
    name: 'ASTRO_HOST',
    meaning:
      'IP address that the HTTP server and the sandbox clusters listen on; 0.0.0.0 or :: means all addresses of the machine',
    default: '127.0.0.1',
    schema: z.string().refine((text) => isIP(text) !== 0, 'must be an IP address, such as 127.0.0.1, 0.0.0.0, or ::'),
    good: '0.0.0.0',
    bad: ['localhost', 'astro.acme.dev', '10.4.0', '10.4.0.7:8080', '[::1]', '10.4.0.0/16'],
  },
  publicUrl: {
    name: 'ASTRO_PUBLIC_URL',
    meaning: 'address that users and clients use',
    defaultInWords: 'http://<address>:<port>; the address is ASTRO_HOST, or 127.0.0.1 if that means all addresses',
    schema: webAddress,
    good: 'https://astro.acme.dev',
    bad: ['astro.acme.dev', 'ftp://astro.acme.dev', 'https://user:pass@astro.acme.dev'],
  },
  dataDir: {
    name: 'ASTRO_DATA_DIR',
    meaning: 'data folder of the embedded engines',
    default: '.data',
    defaultInWords: '.data in the clone',
    schema: path,
    good: '/var/lib/astro',
    bad: ['a\0b'],
  },
  log: {
    name: 'ASTRO_LOG',
    meaning: 'where log lines are written: file (in the data folder), or stderr for containers',
    default: 'file',
    schema: z.enum(['file', 'stderr'], 'must be file or stderr'),
    good: 'stderr',
    bad: ['stdout', '/var/log/astro.log'],
  },
  eventStore: {
    name: 'ASTRO_EVENT_STORE',
    meaning: 'event store: embedded, or an EventStoreDB (22.10 or newer) as esdb://user:password@host:2113?tls=true',
    default: 'embedded',
    schema: engine('embedded', ['esdb://', 'esdb+discover://'], ['kurrentdb://']),
    good: 'esdb://127.0.0.1:2113?tls=false',
    bad: ['sqlite', 'postgres://127.0.0.1', 'esdb:///', 'kurrentdb://127.0.0.1:2113'],
  },
  readStore: {
    name: 'ASTRO_READ_STORE',
    meaning:
      'read store: embedded, or MongoDB (4.2 or newer); the path of the URL is the name of the database, by default astro',
    default: 'embedded',
    schema: engine('embedded', ['mongodb://', 'mongodb+srv://']),
    good: 'mongodb://astro:secret@db1.acme.dev:27017,db2.acme.dev:27017/astro?replicaSet=rs0&tls=true',
    bad: ['memory', 'redis://127.0.0.1', 'mongodb://user:secret@/astro', 'mongodb:///astro'],
  },
  vault: {
    name: 'ASTRO_VAULT',
    meaning:
      'vault: embedded, or MongoDB (4.2 or newer); the path of the URL is the name of the database, by default astro',
    default: 'embedded',
    schema: engine('embedded', ['mongodb://', 'mongodb+srv://']),
    good: 'mongodb+srv://astro:secret@cluster0.acme.mongodb.net/astro',
    bad: ['hashicorp', 'https://vault.acme.dev', 'mongodb://user:secret@/astro', 'mongodb:///astro'],
  },
  bus: {
    name: 'ASTRO_BUS',
    meaning: 'message bus: in-process, or a NATS server (2.10 or newer)',
    default: 'in-process',
    schema: engine('in-process', ['nats://', 'tls://']),
    good: 'nats://127.0.0.1:4222',
    bad: ['kafka', 'http://127.0.0.1:4222', 'nats:///none'],
  },
  queue: {
    name: 'ASTRO_QUEUE',
    meaning: 'work queue: embedded, or a NATS server (2.10 or newer) with JetStream',
    default: 'embedded',
    schema: engine('embedded', ['nats://', 'tls://']),
    good: 'nats://127.0.0.1:4222',
    bad: ['rabbit', 'amqp://127.0.0.1', 'nats:///none'],
  },
  oidcIssuer: {
    name: 'ASTRO_OIDC_ISSUER',
    meaning: 'external issuer, exactly as in its discovery document (for Auth0, with a trailing slash)',
    defaultInWords: 'built-in, under /oidc',
    schema: exactWebAddress,
    good: 'https://acme.eu.auth0.com/',
    bad: ['acme', 'ldap://acme.dev', 'https://acme.eu.auth0.com/?tenant=a'],
  },
  oidcAudience: {
    name: 'ASTRO_OIDC_AUDIENCE',
    meaning: 'audience of access tokens, as registered at the issuer',
    defaultInWords: 'required with an external issuer',
    schema: word,
    good: 'https://astro.acme.dev/api',
    bad: ['two words'],
  },
  oidcCliClientId: {
    name: 'ASTRO_OIDC_CLI_CLIENT_ID',
    meaning: 'client ID of astroctl',
    defaultInWords: 'required with an external issuer',
    schema: word,
    good: 'astroctl',
    bad: ['two words'],
  },
  oidcConsoleClientId: {
    name: 'ASTRO_OIDC_CONSOLE_CLIENT_ID',
    meaning: 'client ID of the console',
    defaultInWords: 'none with an external issuer',
    schema: word,
    good: 'console',
    bad: ['two words'],
  },
  oidcConsoleClientSecret: {
    name: 'ASTRO_OIDC_CONSOLE_CLIENT_SECRET',
    meaning: 'client secret of the console, for the gateway; not needed for a public client',
    defaultInWords: 'none: the console is a public client',
    schema: word,
    good: 'a-secret-of-the-issuer',
    bad: ['two words'],
  },
  oidcClaimEmail: {
    name: 'ASTRO_OIDC_CLAIM_EMAIL',
    meaning: 'name of the e-mail claim',
    default: 'email',
    schema: word,
    good: 'https://acme.dev/email',
    bad: ['two words'],
  },
  oidcEmailVerified: {
    name: 'ASTRO_OIDC_EMAIL_VERIFIED',
    meaning:
      'claim: an address is verified if the matching email_verified claim is true; always: the issuer has only verified addresses',
    default: 'claim',
    schema: z.enum(['claim', 'always'], 'must be claim or always'),
    good: 'always',
    bad: ['never', 'true'],
  },
  oidcScope: {
    name: 'ASTRO_OIDC_SCOPE',
    meaning: 'scopes that logins request from an external issuer, separated by spaces',
    default: 'openid profile email offline_access',
    schema: z
      .string()
      .regex(
        /^[\x21\x23-\x5b\x5d-\x7e]{1,200}( [\x21\x23-\x5b\x5d-\x7e]{1,200}){0,30}$/,
        'must be scopes separated by one space',
      ),
    good: 'openid api://astro/access',
    bad: ['openid  profile', 'openid "profile"'],
  },
  oidcResource: {
    name: 'ASTRO_OIDC_RESOURCE',
    meaning:
      'resource that logins request from an external issuer (RFC 8707); if empty, it is not sent, as Entra requires',
    defaultInWords: 'the audience',
    mayBeEmpty: true,
    schema: word,
    good: 'https://astro.acme.dev/api',
    bad: ['two words'],
  },
  adminEmails: {
    name: 'ASTRO_ADMIN_EMAILS',
    meaning: 'verified e-mail addresses of the global admins',
    defaultInWords: 'required with an external issuer',
    schema: entries(EMAIL, 'must be e-mail addresses separated by commas'),
    good: 'ada@acme.dev,linus@acme.dev',
    bad: ['ada', 'ada@acme.dev;linus@acme.dev,'],
  },
  adminEmail: {
    name: 'ASTRO_ADMIN_EMAIL',
    meaning: 'e-mail address of the first admin account of the built-in issuer; used only at the first start',
    default: 'admin@astro.localhost',
    schema: z.string().regex(EMAIL, 'must be an e-mail address'),
    good: 'ada@acme.dev',
    bad: ['ada', 'a b@c.dev'],
  },
  adminPassword: {
    name: 'ASTRO_ADMIN_PASSWORD',
    meaning: 'password of the first admin account of the built-in issuer; used only at the first start',
    defaultInWords: 'generated',
    schema: z.string().min(12, 'must have 12 to 200 characters').max(200, 'must have 12 to 200 characters'),
    good: 'correct horse battery',
    bad: ['short'],
  },
  plansFile: {
    name: 'ASTRO_PLANS_FILE',
    meaning: 'JSON file with the plan catalog',
    defaultInWords: 'built in',
    schema: path,
    good: '/etc/astro/plans.json',
    bad: ['a\0b'],
  },
  auditSink: {
    name: 'ASTRO_AUDIT_SINK',
    meaning: 'folder or S3-compatible bucket to which signed heads of the audit logs are written every hour',
    defaultInWords: 'none',
    schema: auditSink,
    good: 's3://AKIAEXAMPLE:secret@s3.eu-west-1.amazonaws.com/astro-heads?region=eu-west-1',
    bad: ['s3://s3.amazonaws.com/astro-heads', 'https://example.com/heads', 'a\0b'],
  },
  contact: {
    name: 'ASTRO_CONTACT',
    meaning: 'contact for users: address or URL',
    defaultInWords: 'the first admin’s address',
    schema: z
      .string()
      .refine((text) => EMAIL.test(text) || webAddress.safeParse(text).success, 'must be an e-mail address or a URL'),
    good: 'platform@acme.dev',
    bad: ['nobody', 'tel:112'],
  },
  mail: {
    name: 'ASTRO_MAIL_URL',
    meaning: 'mail server: smtp:// (with STARTTLS where the server offers it) or smtps:// (TLS from the start)',
    defaultInWords: 'none: messages are written to the folder outbox in the data folder',
    schema: mailServer,
    good: 'smtps://astro:secret@mail.acme.dev:465',
    bad: ['mail.acme.dev', 'https://mail.acme.dev', 'smtp:///', 'smtp://mail.acme.dev/?tls=false'],
  },
  mailFrom: {
    name: 'ASTRO_MAIL_FROM',
    meaning: 'sender of e-mail: an address, or Name <address>',
    defaultInWords: 'required with ASTRO_MAIL_URL',
    schema: z
      .string()
      .regex(
        /^([^\s@,<>]{1,64}@[^\s@,<>]{1,255}|[^@,<>"\p{Cc}]{1,100} <[^\s@,<>]{1,64}@[^\s@,<>]{1,255}>)$/u,
        'must be an e-mail address, or Name <address>',
      ),
    good: 'Astro Platform <astro@acme.dev>',
    bad: ['astro', 'Astro Platform', 'astro@acme.dev,ada@acme.dev', 'Astro <astro>'],
  },
  sealingKeys: {
    name: 'ASTRO_SEALING_KEYS',
    meaning: 'encryption keys of the vault, newest first',
    defaultInWords: 'embedded: a generated file (0600)',
    schema: keys,
    good: 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    bad: ['secret', 'k1:short', 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,'],
  },
  callerKeys: {
    name: 'ASTRO_CALLER_KEYS',
    meaning:
      'keys that sign caller tokens on the bus, newest first; a service that is a process of its own gets the keys derived for it (npm run admin:caller-keys)',
    defaultInWords: 'embedded: a generated file (0600)',
    schema: callerKeys,
    good: 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    bad: ['secret', 'k1:short', 'k1/person/identity:short', 'k1/a/b/c/d:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
  },
  natsCredentials: {
    name: 'ASTRO_NATS_CREDS',
    meaning: 'file with the credentials of the NATS user of this process: the seed of an NKEY, or a .creds file',
    defaultInWords: 'none',
    schema: path,
    good: '/etc/astro/nats/billing.nk',
    bad: ['a\0b'],
  },
  natsAuthority: {
    name: 'ASTRO_NATS_CA',
    meaning: 'PEM file with the authority of the certificate of the NATS server',
    defaultInWords: 'that of the system',
    schema: path,
    good: '/etc/astro/nats/ca.pem',
    bad: ['a\0b'],
  },
  egressAllow: {
    name: 'ASTRO_EGRESS_ALLOW',
    meaning: 'private and loopback addresses that the platform may connect to, such as clusters: host:port and CIDR',
    defaultInWords: 'none',
    schema: egress,
    good: '10.4.0.0/16,registry.internal:443',
    bad: ['everything', '10.4.0.7', 'http://10.4.0.1'],
  },
  sourcePollSeconds: {
    name: 'ASTRO_SOURCE_POLL_SECONDS',
    meaning:
      'seconds between two checks of a git repository, for applications with syncPolicy.auto; charts are checked a quarter as often',
    default: '150',
    schema: wholeNumber(1, 86_400),
    good: '60',
    bad: ['often', '-5', '2.5'],
  },
  git: {
    name: 'ASTRO_GIT',
    meaning: 'git program of deploy workers, for sources in git repositories',
    defaultInWords: 'git in PATH',
    schema: program,
    good: '/usr/bin/git',
    bad: ['git', './git', '/usr/bin/git\0'],
  },
  helm: {
    name: 'ASTRO_HELM',
    meaning: 'helm program of deploy workers, for charts',
    defaultInWords: 'the one that is installed with the platform, or helm in PATH',
    schema: program,
    good: '/usr/local/bin/helm',
    bad: ['helm', './helm'],
  },
  kubectl: {
    name: 'ASTRO_KUBECTL',
    meaning: 'kubectl program of deploy workers, for kustomizations',
    defaultInWords: 'the one that is installed with the platform, or kubectl in PATH',
    schema: program,
    good: '/usr/local/bin/kubectl',
    bad: ['kubectl', './kubectl'],
  },
  trustedProxies: {
    name: 'ASTRO_TRUSTED_PROXIES',
    meaning: 'reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted: CIDR',
    defaultInWords: 'none',
    schema: proxies,
    good: '10.4.0.0/16,fd00::/8',
    bad: ['ingress.acme.dev', '10.4.0.0/33', '10.4.0.0;10.5.0.0', '0.0.0.0/0', '1921.68.0.1'],
  },
  connectionsPerAddress: {
    name: 'ASTRO_MAX_CONNECTIONS_PER_ADDRESS',
    meaning: 'maximum number of open connections per address; connections from trusted proxies are not counted',
    default: '1000',
    schema: wholeNumber(1, 1_000_000),
    good: '20000',
    bad: ['many', '-5', '2.5'],
  },
  streamsPerKey: {
    name: 'ASTRO_MAX_STREAMS_PER_KEY',
    meaning: 'maximum number of open streams (watches, followed logs) per access key or person',
    default: '100',
    schema: wholeNumber(1, 100_000),
    good: '50',
    bad: ['many', '-5', '2.5'],
  },
  streamsPerOrganization: {
    name: 'ASTRO_MAX_STREAMS_PER_ORGANIZATION',
    meaning: 'maximum number of open streams per organization',
    default: '1000',
    schema: wholeNumber(1, 1_000_000),
    good: '5000',
    bad: ['many', '-5', '2.5'],
  },
  sandboxHost: {
    name: 'ASTRO_SANDBOX_HOST',
    meaning: 'host name or IP address at which deploy workers and kubectl reach the sandbox clusters',
    defaultInWords: 'ASTRO_HOST, or 127.0.0.1 if that means all addresses',
    schema: z
      .string()
      .refine(
        (text) => isIP(text) !== 0 || HOST_NAME.test(text),
        'must be a host name or an IP address, such as sandbox.acme.internal',
      ),
    good: 'sandbox.acme.internal',
    bad: ['https://sandbox.acme.internal', 'sandbox:8081', '-sandbox', 'two words', '[::1]'],
  },
  sandboxNodes: {
    name: 'ASTRO_SANDBOX_NODES',
    meaning:
      'maximum number of nodes of a sandbox cluster, which starts with one node and adds more when pods do not fit',
    default: '100',
    schema: wholeNumber(1, 1_000),
    good: '10',
    bad: ['-5', 'many', '2.5'],
  },
} as const satisfies Record<string, Variable>;

export type VariableKey = keyof typeof VARIABLES;
type ValueOf<V extends Variable> = V extends { readonly default: string }
  ? z.output<V['schema']>
  : z.output<V['schema']> | undefined;

/** The value of each variable, from its text or its default. */
export type Settings = { readonly [K in VariableKey]: ValueOf<(typeof VARIABLES)[K]> };

/** Returns a variable's default for readers. */
export const defaultShown = ({ default: text, defaultInWords }: Variable): string => defaultInWords ?? text ?? '';

/**
 * Parses the text of a variable.
 *
 * @returns the value, or a sentence about the error
 */
export function readVariable({ name, schema, mayBeEmpty }: Variable, text: string): Result<unknown, string> {
  if (text.trim() === '') return mayBeEmpty ? ok('') : err(`${name} is empty; give it a value or unset it.`);
  const parsed = schema.safeParse(text);
  return parsed.success ? ok(parsed.data) : err(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}.`);
}
