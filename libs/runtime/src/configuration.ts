import { err, nearestName, ok, type Result } from '#kernel';
import {
  readVariable,
  VARIABLES,
  type AuditSink,
  type Engine,
  type Settings,
  type Variable,
  type VariableKey,
} from './variables.ts';

/** The validated configuration of a process, with defaults. */
export interface Configuration {
  readonly port: number;
  /** IP address to listen on. `0.0.0.0` and `::` mean all addresses of the machine. */
  readonly host: string;
  /** Undefined: the address that the process listens on, when the port is known. */
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  readonly log: 'file' | 'stderr';
  readonly eventStore: Engine;
  readonly readStore: Engine;
  readonly vault: Engine;
  readonly bus: Engine;
  readonly queue: Engine;
  readonly oidc:
    | { readonly kind: 'built-in' }
    | {
        readonly kind: 'external';
        readonly issuer: string;
        readonly audience: string;
        readonly cliClientId: string;
        readonly consoleClientId: string | undefined;
        readonly consoleClientSecret: string | undefined;
        readonly adminEmails: readonly string[];
        /** Scopes that logins request. */
        readonly scope: string;
        /** Undefined: no resource is sent. */
        readonly resource: string | undefined;
      };
  readonly emailClaim: string;
  /** Which addresses count as verified: those whose claim says so, or all. */
  readonly emailVerified: 'claim' | 'always';
  readonly adminEmail: string;
  readonly adminPassword: string | undefined;
  /** Absent: the built-in catalogue of plans is used. */
  readonly plansFile: string | undefined;
  /** Where signed heads of the audit logs are kept outside the platform. */
  readonly auditSink: AuditSink | undefined;
  readonly contact: string;
  /** `embedded`: messages are written to a folder. */
  readonly mail: Engine;
  /** Sender: `address` or `Name <address>`. */
  readonly mailFrom: string;
  readonly sealingKeys: string | undefined;
  readonly callerKeys: string | undefined;
  /** Path of the file with the credentials of the NATS user. */
  readonly natsCredentials: string | undefined;
  /** Path of the PEM file with the authority of the NATS server's certificate. */
  readonly natsAuthority: string | undefined;
  readonly egressAllow: readonly string[];
  readonly sourcePollSeconds: number;
  /** Absolute paths of programs that deploy workers run. Absent: they are searched for. */
  readonly programs: { readonly git?: string; readonly helm?: string; readonly kubectl?: string };
  /** Folders in which other programs are searched for: the variable PATH. */
  readonly searchPath: string;
  /** CIDR blocks and addresses. */
  readonly trustedProxies: readonly string[];
  readonly connectionsPerAddress: number;
  readonly streamsPerKey: number;
  readonly streamsPerOrganization: number;
  /** Undefined: the address of this process. */
  readonly sandboxHost: string | undefined;
  readonly sandboxNodes: number;
}

/**
 * Reads and validates the environment.
 *
 * @param environment names and values, as a process has them
 * @param defaults values of this kind of process, which override the defaults of the variables
 * @returns the configuration, with warnings about unknown names that start like ours; or one sentence per mistake
 */
export function readConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  defaults: { readonly [K in VariableKey]?: string } = {},
): Result<{ readonly configuration: Configuration; readonly warnings: readonly string[] }, readonly string[]> {
  const mistakes: string[] = [];
  const values: Partial<Record<VariableKey, unknown>> = {};
  for (const key of KEYS) {
    const variable: Variable = VARIABLES[key];
    const text = environment[variable.name] ?? defaults[key] ?? variable.default;
    if (text === undefined) continue;
    const read = readVariable(variable, text);
    if (read.ok) values[key] = read.value;
    else mistakes.push(read.error);
  }
  mistakes.push(...togetherMistakes(values, environment));
  if (mistakes.length > 0) return err(mistakes);
  const settings = values as Settings; // each value was created by the schema of its key
  return ok({
    warnings: unknownNames(environment),
    configuration: configurationOf(settings, environment['PATH'] ?? ''),
  });
}

// The type of Object.keys does not include the keys of an object.
const KEYS = Object.keys(VARIABLES) as readonly VariableKey[];

function configurationOf(settings: Settings, searchPath: string): Configuration {
  const adminEmails = settings.adminEmails ?? [];
  return {
    port: settings.port,
    host: settings.host,
    publicUrl: settings.publicUrl,
    dataDir: settings.dataDir,
    log: settings.log,
    eventStore: settings.eventStore,
    readStore: settings.readStore,
    vault: settings.vault,
    bus: settings.bus,
    queue: settings.queue,
    oidc:
      settings.oidcIssuer === undefined
        ? { kind: 'built-in' }
        : {
            kind: 'external',
            issuer: settings.oidcIssuer,
            audience: settings.oidcAudience ?? '',
            cliClientId: settings.oidcCliClientId ?? '',
            consoleClientId: settings.oidcConsoleClientId,
            consoleClientSecret: settings.oidcConsoleClientSecret,
            adminEmails,
            scope: settings.oidcScope,
            resource: (settings.oidcResource ?? settings.oidcAudience) || undefined,
          },
    emailClaim: settings.oidcClaimEmail,
    emailVerified: settings.oidcEmailVerified,
    adminEmail: settings.adminEmail,
    adminPassword: settings.adminPassword,
    plansFile: settings.plansFile,
    auditSink: settings.auditSink,
    contact: settings.contact ?? adminEmails[0] ?? settings.adminEmail,
    mail: settings.mail ?? { kind: 'embedded' },
    mailFrom: settings.mailFrom ?? 'Astro Platform <astro@localhost>',
    sealingKeys: settings.sealingKeys,
    callerKeys: settings.callerKeys,
    natsCredentials: settings.natsCredentials,
    natsAuthority: settings.natsAuthority,
    egressAllow: settings.egressAllow ?? [],
    sourcePollSeconds: settings.sourcePollSeconds,
    programs: programsOf(settings),
    searchPath,
    trustedProxies: settings.trustedProxies ?? [],
    connectionsPerAddress: settings.connectionsPerAddress,
    streamsPerKey: settings.streamsPerKey,
    streamsPerOrganization: settings.streamsPerOrganization,
    sandboxHost: settings.sandboxHost,
    sandboxNodes: settings.sandboxNodes,
  };
}

const REQUIRED_WITH_ISSUER: readonly VariableKey[] = ['oidcAudience', 'oidcCliClientId', 'adminEmails'];
const ONLY_WITH_ISSUER: readonly VariableKey[] = [
  'oidcAudience',
  'oidcCliClientId',
  'oidcConsoleClientId',
  'oidcConsoleClientSecret',
  'oidcEmailVerified',
  'oidcScope',
  'oidcResource',
];

/** Returns mistakes in combinations of variables. A variable that is invalid itself is not reported again. */
function togetherMistakes(
  values: Partial<Record<VariableKey, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const isAbsent = (key: VariableKey) => environment[VARIABLES[key].name] === undefined;
  const mail =
    values.mail === undefined || !isAbsent('mailFrom')
      ? []
      : [
          `${VARIABLES.mailFrom.name} is required when ${VARIABLES.mail.name} is set; it is the ${VARIABLES.mailFrom.meaning}.`,
        ];
  return [...mail, ...issuerMistakes(values, isAbsent)];
}

function issuerMistakes(
  values: Partial<Record<VariableKey, unknown>>,
  isAbsent: (key: VariableKey) => boolean,
): string[] {
  if (!isAbsent('oidcIssuer')) {
    return REQUIRED_WITH_ISSUER.filter(isAbsent).map(
      (key) => `${VARIABLES[key].name} is required when ASTRO_OIDC_ISSUER is set; it is the ${VARIABLES[key].meaning}.`,
    );
  }
  return ONLY_WITH_ISSUER.filter((key) => !isAbsent(key) && values[key] !== undefined).map(
    (key) => `${VARIABLES[key].name} needs ASTRO_OIDC_ISSUER; set that too, or unset it.`,
  );
}

/**
 * Returns unknown names that start like ours. They are not errors, because Kubernetes sets variables such as
 * `ASTRO_SERVICE_HOST` for a Service named astro.
 */
function unknownNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.values(VARIABLES).map(({ name }) => name);
  return Object.keys(environment)
    .filter(
      (name) => name.startsWith('ASTRO_') && !name.startsWith('ASTRO_TEST_') && !known.some((ours) => ours === name),
    )
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is not a setting of the platform${nearest ? `; did you mean ${nearest}?` : '.'}`;
    });
}

const programsOf = (settings: Settings): Configuration['programs'] => ({
  ...(settings.git !== undefined && { git: settings.git }),
  ...(settings.helm !== undefined && { helm: settings.helm }),
  ...(settings.kubectl !== undefined && { kubectl: settings.kubectl }),
});
