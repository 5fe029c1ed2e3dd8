import { parseEgressPolicy } from '#egress';
import { err, ok, type Result } from '#kernel';

/** One environment variable of the server: what it means, and how its text becomes a value. */
export interface Variable<T> {
  readonly name: string;
  readonly meaning: string;
  /** As the reference shows it. */
  readonly default: string;
  /** The value, or the rest of a sentence that begins with the variable's name. `text` is never empty. */
  readonly parse: (text: string) => Result<T, string>;
  /** For docs and generated tests: a good value, and bad ones that must be refused. */
  readonly good: string;
  readonly bad: readonly string[];
}

/** An engine of the process's own, or a server's address. */
export type Engine = { readonly kind: 'embedded' } | { readonly kind: 'server'; readonly url: string };

const variable = <T>(given: Variable<T>): Variable<T> => given;

const wholeNumber = (least: number, most: number) => (text: string) =>
  /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
    ? ok(Number(text))
    : err(`must be a whole number from ${least} to ${most}`);

function webAddress(text: string): Result<string, string> {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return err('must be an address that begins with http:// or https://');
  if (url.username || url.password || url.search || url.hash) return err('must have no user, query or fragment');
  return ok(text.replace(/\/+$/, ''));
}

function engine(
  word: 'embedded' | 'in-process',
  schemes: readonly string[],
  later: readonly string[] = [],
): (text: string) => Result<Engine, string> {
  const choices = [word, ...schemes.map((scheme) => `${scheme}…`)].join(' or ');
  return (text) => {
    if (text === word) return ok({ kind: 'embedded' });
    if (later.some((scheme) => text.startsWith(scheme)))
      return err(`names an engine that this release does not have; use ${choices}`);
    const url = URL.parse(text);
    if (!url?.host || !schemes.some((scheme) => text.startsWith(scheme))) return err(`must be ${choices}`);
    return ok({ kind: 'server', url: text });
  };
}

const emailForm = /^[^\s@,]{1,64}@[^\s@,]{1,255}$/;
const email = (text: string): Result<string, string> =>
  emailForm.test(text) ? ok(text) : err('must be an e-mail address');
const emails = (text: string): Result<readonly string[], string> => {
  const list = text.split(',').map((entry) => entry.trim());
  return list.every((entry) => emailForm.test(entry)) ? ok(list) : err('must be e-mail addresses separated by commas');
};
const word = (text: string): Result<string, string> =>
  /^[\x21-\x7e]{1,500}$/.test(text) ? ok(text) : err('must be a single word');

const keys = (text: string): Result<string, string> => {
  const entries = text.split(',').map((entry) => entry.trim());
  const isKey = (entry: string) => /^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=$/.test(entry);
  return entries.every(isKey)
    ? ok(entries.join(','))
    : err(
        'must be keys of the form id:base64 of 32 bytes, newest first, separated by commas (make one: openssl rand -base64 32)',
      );
};

function egress(text: string): Result<readonly string[], string> {
  const entries = text.split(',').map((entry) => entry.trim());
  const isEntry = (entry: string) =>
    /^\[?[0-9a-fA-F.:]+\]?\/\d{1,3}$/.test(entry) || /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(entry);
  return entries.every(isEntry) && parseEgressPolicy(text).ok
    ? ok(entries)
    : err('must be host:port or CIDR entries separated by commas, such as 10.4.0.0/16,registry.internal:443');
}

/** Every variable of the server. Names and defaults are a contract with operators. */
export const VARIABLES = {
  port: variable({
    name: 'PORT',
    meaning: 'port; 0 takes a free one',
    default: '8080',
    parse: wholeNumber(0, 65_535),
    good: '8081',
    bad: ['eighty', '-1', '70000', '80.5'],
  }),
  publicUrl: variable({
    name: 'ASTRO_PUBLIC_URL',
    meaning: 'public address',
    default: 'http://127.0.0.1:<port>',
    parse: webAddress,
    good: 'https://astro.acme.dev',
    bad: ['astro.acme.dev', 'ftp://astro.acme.dev', 'https://user:pass@astro.acme.dev'],
  }),
  dataDir: variable({
    name: 'ASTRO_DATA_DIR',
    meaning: 'folder of the embedded engines',
    default: '.data in the clone',
    parse: (text) => (text.includes('\0') ? err('must be a path') : ok(text)),
    good: '/var/lib/astro',
    bad: ['a\0b'],
  }),
  eventStore: variable({
    name: 'ASTRO_EVENT_STORE',
    meaning: 'event store',
    default: 'embedded',
    parse: engine('embedded', [], ['esdb://', 'esdb+discover://', 'kurrentdb://']),
    good: 'embedded',
    bad: ['sqlite', 'postgres://127.0.0.1', 'esdb://127.0.0.1:2113'],
  }),
  readStore: variable({
    name: 'ASTRO_READ_STORE',
    meaning: 'read store',
    default: 'embedded',
    parse: engine('embedded', [], ['mongodb://', 'mongodb+srv://']),
    good: 'embedded',
    bad: ['memory', 'redis://127.0.0.1', 'mongodb://127.0.0.1:27017'],
  }),
  vault: variable({
    name: 'ASTRO_VAULT',
    meaning: 'vault',
    default: 'embedded',
    parse: engine('embedded', [], ['mongodb://', 'mongodb+srv://']),
    good: 'embedded',
    bad: ['hashicorp', 'https://vault.acme.dev', 'mongodb://127.0.0.1:27017'],
  }),
  bus: variable({
    name: 'ASTRO_BUS',
    meaning: 'bus',
    default: 'in-process',
    parse: engine('in-process', ['nats://', 'tls://']),
    good: 'nats://127.0.0.1:4222',
    bad: ['kafka', 'http://127.0.0.1:4222', 'nats:///none'],
  }),
  queue: variable({
    name: 'ASTRO_QUEUE',
    meaning: 'work queue',
    default: 'embedded',
    parse: engine('embedded', ['nats://', 'tls://']),
    good: 'nats://127.0.0.1:4222',
    bad: ['rabbit', 'amqp://127.0.0.1', 'nats:///none'],
  }),
  oidcIssuer: variable({
    name: 'ASTRO_OIDC_ISSUER',
    meaning: 'external issuer',
    default: 'built-in, under /oidc',
    parse: webAddress,
    good: 'https://acme.eu.auth0.com',
    bad: ['acme', 'ldap://acme.dev'],
  }),
  oidcAudience: variable({
    name: 'ASTRO_OIDC_AUDIENCE',
    meaning: 'audience, as registered at the issuer',
    default: 'required with an external issuer',
    parse: word,
    good: 'https://astro.acme.dev/api',
    bad: ['two words'],
  }),
  oidcCliClientId: variable({
    name: 'ASTRO_OIDC_CLI_CLIENT_ID',
    meaning: 'client id of astroctl',
    default: 'required with an external issuer',
    parse: word,
    good: 'astroctl',
    bad: ['two words'],
  }),
  oidcConsoleClientId: variable({
    name: 'ASTRO_OIDC_CONSOLE_CLIENT_ID',
    meaning: 'client id of the console',
    default: 'required with an external issuer',
    parse: word,
    good: 'console',
    bad: ['two words'],
  }),
  oidcClaimEmail: variable({
    name: 'ASTRO_OIDC_CLAIM_EMAIL',
    meaning: 'name of the e-mail claim',
    default: 'email',
    parse: word,
    good: 'https://acme.dev/email',
    bad: ['two words'],
  }),
  adminEmails: variable({
    name: 'ASTRO_ADMIN_EMAILS',
    meaning: 'global admins (verified addresses)',
    default: 'required with an external issuer',
    parse: emails,
    good: 'ada@acme.dev,linus@acme.dev',
    bad: ['ada', 'ada@acme.dev;linus@acme.dev,'],
  }),
  adminEmail: variable({
    name: 'ASTRO_ADMIN_EMAIL',
    meaning: 'built-in issuer, first start: address of the admin account',
    default: 'admin@astro.localhost',
    parse: email,
    good: 'ada@acme.dev',
    bad: ['ada', 'a b@c.dev'],
  }),
  adminPassword: variable({
    name: 'ASTRO_ADMIN_PASSWORD',
    meaning: 'built-in issuer, first start: password of the admin account',
    default: 'generated',
    parse: (text) => (text.length >= 12 && text.length <= 200 ? ok(text) : err('must have 12 to 200 characters')),
    good: 'correct horse battery',
    bad: ['short'],
  }),
  contact: variable({
    name: 'ASTRO_CONTACT',
    meaning: 'contact for users: address or URL',
    default: 'the first admin’s address',
    parse: (text) =>
      emailForm.test(text) || webAddress(text).ok ? ok(text) : err('must be an e-mail address or a URL'),
    good: 'platform@acme.dev',
    bad: ['nobody', 'tel:112'],
  }),
  sealingKeys: variable({
    name: 'ASTRO_SEALING_KEYS',
    meaning: 'keys of the vault, newest first',
    default: 'embedded: a generated file (0600)',
    parse: keys,
    good: 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    bad: ['secret', 'k1:short', 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,'],
  }),
  callerKeys: variable({
    name: 'ASTRO_CALLER_KEYS',
    meaning: 'keys of signed callers on the bus, newest first',
    default: 'embedded: a generated file (0600)',
    parse: keys,
    good: 'k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    bad: ['secret', 'k1:short'],
  }),
  egressAllow: variable({
    name: 'ASTRO_EGRESS_ALLOW',
    meaning: 'private addresses that the platform may connect to: host:port and CIDR',
    default: 'embedded: loopback; else none',
    parse: egress,
    good: '10.4.0.0/16,registry.internal:443',
    bad: ['everything', '10.4.0.7', 'http://10.4.0.1'],
  }),
  connectionsPerAddress: variable({
    name: 'ASTRO_MAX_CONNECTIONS_PER_ADDRESS',
    meaning: 'open connections of one address; a reverse proxy is one address',
    default: '1000',
    parse: wholeNumber(1, 1_000_000),
    good: '20000',
    bad: ['many', '-5', '2.5'],
  }),
  streamsPerKey: variable({
    name: 'ASTRO_MAX_STREAMS_PER_KEY',
    meaning: 'open streams (watches, followed logs) of one access key, or of one person’s logins',
    default: '100',
    parse: wholeNumber(1, 100_000),
    good: '50',
    bad: ['many', '-5', '2.5'],
  }),
  streamsPerOrganization: variable({
    name: 'ASTRO_MAX_STREAMS_PER_ORGANIZATION',
    meaning: 'open streams of one organization',
    default: '1000',
    parse: wholeNumber(1, 1_000_000),
    good: '5000',
    bad: ['many', '-5', '2.5'],
  }),
} as const satisfies Record<string, Variable<unknown>>;

export type VariableKey = keyof typeof VARIABLES;
type ValueOf<V> = V extends Variable<infer T> ? T : never;

/** What was set, parsed; what was not set is absent. */
export type Settings = { readonly [K in VariableKey]?: ValueOf<(typeof VARIABLES)[K]> };
