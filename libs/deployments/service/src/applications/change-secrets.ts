import { SECRETS_BYTES, SECRETS_PER_APPLICATION, type SecretRef } from '#deployments/contract';
import { err, ok, type Result } from '#kernel';
import type { Configuration } from '../catalog/beginnings.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { secretRecord, type SecretOwner } from '../shared/secret-records.ts';
import type { ApplicationEvent, SecretSet } from './application.events.ts';
import { evolveApplication, latestOf, type Application } from './application.ts';
import { revisionOf } from './configure.ts';
import { refusedChange, type Protection } from './protection.ts';

/** A change of an application's secrets. */
export interface SecretsChange {
  readonly set: readonly SecretSet[];
  readonly unset: readonly string[];
}

/** Command that sets or removes secrets. */
export interface ChangeSecrets {
  readonly type: 'change-secrets';
  readonly name: string;
  readonly change: SecretsChange;
  /** The revision for which the change was planned; 0 if the application has none. */
  readonly present: number;
  /** The next revision, if the present one uses one of the secrets. */
  readonly configuration?: Configuration;
  readonly attemptId: string;
  /** Ids of this application's attempts that a worker has claimed. */
  readonly running: readonly string[];
  readonly protection: Protection;
  readonly ifMatch?: number;
}

/**
 * Returns the change that sets secrets to values. A value that is already set is left out, so that a repeat changes
 * nothing.
 */
export const settingOf = (
  { secrets, secretVersions }: Application,
  wanted: readonly Omit<SecretSet, 'version'>[],
): SecretsChange => ({
  set: wanted
    .filter(({ key, fingerprint }) => secrets.get(key)?.fingerprint !== fingerprint)
    .map((secret) => ({ ...secret, version: (secretVersions.get(secret.key) ?? 0) + 1 })),
  unset: [],
});

/** Returns the present secrets of an application by key, with their vault records. */
export const secretRefs = (
  owner: SecretOwner,
  { secrets }: Pick<Application, 'secrets'>,
): Readonly<Record<string, SecretRef>> =>
  Object.fromEntries(
    [...secrets.values()].map(({ key, version, fingerprint }) => [
      key,
      { version, fingerprint, record: secretRecord(owner, key, fingerprint) },
    ]),
  );

/**
 * Records a change of secrets. If the present revision uses one of them, the same configuration is recorded as a new
 * revision with the new versions, and deployed.
 */
export function changeSecrets(
  command: ChangeSecrets,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const { name, change, present, configuration, ifMatch } = command;
  if (application.status === 'deleting') return err(deploymentsErrors.beingDeleted('application', name));
  if (application.status === 'deleted') return err(deploymentsErrors.alreadyDeleted(name));
  const latest = latestOf(application);
  const refused = refusedChange(
    { action: 'change', application: name, present: latest, next: undefined },
    command.protection,
  );
  if (refused) return err(refused);
  const revision = latest?.revision ?? 0;
  if (ifMatch !== undefined && ifMatch !== revision) return err(deploymentsErrors.preconditionFailed(revision));
  const isStale = change.set.some(({ key, version }) => version !== (application.secretVersions.get(key) ?? 0) + 1);
  if (present !== revision || isStale) return err(deploymentsErrors.staleRevision());

  const events = eventsOf(change, application);
  const { secrets } = events.reduce(evolveApplication, application);
  const bytes = [...secrets.values()].reduce((sum, secret) => sum + secret.bytes, 0);
  if (secrets.size > SECRETS_PER_APPLICATION || bytes > SECRETS_BYTES)
    return err(deploymentsErrors.secretLimit(name, SECRETS_PER_APPLICATION, SECRETS_BYTES / 1_024));
  if (!configuration) return ok(events);
  const { paused, allowsRemovals } = application;
  const next = { ...command, configuration, revision: revision + 1, allowRemovals: paused && allowsRemovals };
  return ok([...events, ...revisionOf(next, application, 'apply')]);
}

const eventsOf = ({ set, unset }: SecretsChange, { secrets }: Application): ApplicationEvent[] => [
  ...(set.length === 0 ? [] : [{ type: 'application.secrets-set.v1', data: { secrets: set } } as const]),
  ...unset
    .filter((key) => secrets.has(key))
    .map((key) => ({ type: 'application.secret-unset.v1', data: { key } }) as const),
];
