import { err, nearestName, ok, type Result } from '#kernel';
import { VARIABLES, type Engine, type Settings, type VariableKey } from './variables.ts';

/** What a process is made of, checked and with its defaults. */
export interface Configuration {
  readonly port: number;
  /** Absent: `http://127.0.0.1:<port>`, once the port is known. */
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
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
        readonly consoleClientId: string;
        readonly adminEmails: readonly string[];
      };
  readonly emailClaim: string;
  readonly adminEmail: string;
  readonly adminPassword: string | undefined;
  readonly contact: string;
  readonly sealingKeys: string | undefined;
  readonly callerKeys: string | undefined;
  readonly egressAllow: readonly string[];
  readonly connectionsPerAddress: number;
  readonly streamsPerKey: number;
  readonly streamsPerOrganization: number;
}

/** Loopback: what the embedded profile may call when nothing else is said. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/**
 * Reads and checks the environment.
 * @param environment names and texts, as a process has them
 * @param defaults what the kind of process fills in; port 8080 when left out
 * @returns the configuration with warnings about names that look like ours but are none; or one sentence per mistake
 */
export function readConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
  defaults: { readonly dataDir: string; readonly port?: number },
): Result<{ readonly configuration: Configuration; readonly warnings: readonly string[] }, readonly string[]> {
  const mistakes: string[] = [];
  const settings = Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([key, { name, parse }]) => {
      const text = environment[name];
      if (text === undefined) return [];
      if (text.trim() === '') {
        mistakes.push(`${name} is empty; give it a value or unset it.`);
        return [];
      }
      const parsed: Result<unknown, string> = parse(text);
      if (!parsed.ok) {
        mistakes.push(`${name} ${parsed.error}.`);
        return [];
      }
      return [[key, parsed.value]];
    }),
  ) as Settings; // each value comes from the parser of its own key

  mistakes.push(...togetherMistakes(settings, environment));
  if (mistakes.length > 0) return err(mistakes);

  const external = settings.oidcIssuer;
  const adminEmail = settings.adminEmail ?? 'admin@astro.localhost';
  const adminEmails = settings.adminEmails ?? [];
  return ok({
    warnings: unknownNames(environment),
    configuration: {
      port: settings.port ?? defaults.port ?? 8080,
      publicUrl: settings.publicUrl,
      dataDir: settings.dataDir ?? defaults.dataDir,
      eventStore: settings.eventStore ?? { kind: 'embedded' },
      readStore: settings.readStore ?? { kind: 'embedded' },
      vault: settings.vault ?? { kind: 'embedded' },
      bus: settings.bus ?? { kind: 'embedded' },
      queue: settings.queue ?? { kind: 'embedded' },
      oidc:
        external === undefined
          ? { kind: 'built-in' }
          : {
              kind: 'external',
              issuer: external,
              audience: settings.oidcAudience ?? '',
              cliClientId: settings.oidcCliClientId ?? '',
              consoleClientId: settings.oidcConsoleClientId ?? '',
              adminEmails,
            },
      emailClaim: settings.oidcClaimEmail ?? 'email',
      adminEmail,
      adminPassword: settings.adminPassword,
      contact: settings.contact ?? adminEmails[0] ?? adminEmail,
      sealingKeys: settings.sealingKeys,
      callerKeys: settings.callerKeys,
      egressAllow: settings.egressAllow ?? LOOPBACK,
      connectionsPerAddress: settings.connectionsPerAddress ?? 1_000,
      streamsPerKey: settings.streamsPerKey ?? 100,
      streamsPerOrganization: settings.streamsPerOrganization ?? 1_000,
    },
  });
}

const WITH_ISSUER: readonly VariableKey[] = ['oidcAudience', 'oidcCliClientId', 'oidcConsoleClientId', 'adminEmails'];

/** Faults that no single variable has. A variable that was refused for itself is not named a second time. */
function togetherMistakes(settings: Settings, environment: Readonly<Record<string, string | undefined>>): string[] {
  const isAbsent = (key: VariableKey) => environment[VARIABLES[key].name] === undefined;
  if (!isAbsent('oidcIssuer')) {
    return WITH_ISSUER.filter(isAbsent).map(
      (key) => `${VARIABLES[key].name} is required when ASTRO_OIDC_ISSUER is set; it is the ${VARIABLES[key].meaning}.`,
    );
  }
  return WITH_ISSUER.filter((key) => key !== 'adminEmails' && settings[key] !== undefined).map(
    (key) => `${VARIABLES[key].name} needs ASTRO_OIDC_ISSUER; set that too, or unset it.`,
  );
}

/** Names that begin like ours and are none. No error: Kubernetes sets `ASTRO_SERVICE_HOST` and the like for a Service named astro. */
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
