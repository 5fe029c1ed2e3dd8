import { assertNever, err, ok, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { credentialErrors } from './credential.errors.ts';

/** Kinds of hosts. A chart repository and an OCI registry are both a `registry`. */
export type CredentialKind = 'git' | 'registry';

/** Identifies the credential of a host: a host can have one per kind. */
export interface HostRef {
  /** In lower case, with `:port` if it is not the default port of the scheme. */
  readonly host: string;
  readonly kind: CredentialKind;
}

/** A stored credential. User, secret, authority, and host keys are in the vault. */
export interface StoredCredential extends HostRef {
  /** Vault record. Another content has another record. */
  readonly record: string;
  /** HMAC of user and secret with the organization's key, shortened; null if there is no secret. */
  readonly fingerprint: string | null;
  readonly certificateAuthority: boolean;
  readonly knownHosts: boolean;
  /** RFC 3339. */
  readonly at: string;
}

/** Stream: `credentials-<organization>`. How the organization's hosts of charts and git repositories are contacted. */
export type CredentialEvent = Fact<'credential.set.v1', StoredCredential> | Fact<'credential.deleted.v1', HostRef>;

const credentialEvents: EventFamily<CredentialEvent> = {
  categories: ['credentials'],
  types: { 'credential.set.v1': true, 'credential.deleted.v1': true },
};

export type CredentialCommand =
  | { readonly type: 'set'; readonly credential: StoredCredential }
  | { readonly type: 'delete'; readonly host: string; readonly kind: CredentialKind | undefined };

/** Credentials by {@link keyOf}. */
export type Credentials = ReadonlyMap<string, StoredCredential>;

type CredentialError = ReturnType<(typeof credentialErrors)[keyof typeof credentialErrors]>;

/** Limited, since each request to a worker that concerns a source lists all of them. */
const MAX_CREDENTIALS = 100;

export const keyOf = ({ host, kind }: HostRef): string => `${kind} ${host}`;

function evolve(credentials: Credentials, event: CredentialEvent): Credentials {
  const next = new Map(credentials);
  switch (event.type) {
    case 'credential.set.v1':
      return next.set(keyOf(event.data), event.data);
    case 'credential.deleted.v1':
      next.delete(keyOf(event.data));
      return next;
    default:
      return assertNever(event);
  }
}

/** A repeated `set` with the same content records nothing. Without a kind, `delete` deletes all of the host. */
function decide(
  command: CredentialCommand,
  credentials: Credentials,
): Result<readonly CredentialEvent[], CredentialError> {
  if (command.type === 'delete') {
    const found = [...credentials.values()].filter(
      ({ host, kind }) => host === command.host && (command.kind === undefined || kind === command.kind),
    );
    return found.length === 0
      ? err(credentialErrors.credentialNotFound(command.host))
      : ok(found.map(({ host, kind }) => ({ type: 'credential.deleted.v1', data: { host, kind } })));
  }
  const { credential } = command;
  const present = credentials.get(keyOf(credential));
  if (present?.record === credential.record) return ok([]);
  if (!present && credentials.size >= MAX_CREDENTIALS) return err(credentialErrors.credentialLimit(MAX_CREDENTIALS));
  return ok([{ type: 'credential.set.v1', data: credential }]);
}

export const credentialsDecider: Decider<Credentials, CredentialCommand, CredentialEvent, CredentialError> = {
  events: credentialEvents,
  initialState: new Map(),
  evolve,
  decide,
};

/** Returns the name of the stream of an organization's credentials. */
export const credentialsStream = (organizationId: string): string => `credentials-${organizationId}`;
