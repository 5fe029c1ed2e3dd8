import type { OrganizationContext } from '#bus';
import type { SecretRef } from '#deployments/contract';
import { COMMANDS, runnerErrors, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import type { ApplicationEvent } from '../applications/application.events.ts';
import { evolveApplication, latestOf, type Application } from '../applications/application.ts';
import { secretRefs, settingOf, type SecretsChange } from '../applications/change-secrets.ts';
import { reconfigured } from '../applications/configuration.service.ts';
import { Deployer, SECRETS_STEP, type Deployment } from '../applications/deployer.service.ts';
import { HostClaims } from '../applications/host-claims.service.ts';
import { placeOf, ProtectionReader, type Place } from '../applications/protection.service.ts';
import { presentOf, type Guarded } from '../applications/protection.ts';
import { RevisionContent } from '../applications/revision-content.service.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { withSecrets } from '../resolve/secrets.ts';
import { FingerprintKeys, fingerprintOf } from '../shared/fingerprint-keys.service.ts';
import type { Membership } from '../shared/organization-lookup.service.ts';
import { secretRecord, type SecretOwner } from '../shared/secret-records.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';

/** Secrets to set, by key, and keys to remove. */
export interface WantedSecrets {
  readonly set: ReadonlyMap<string, string>;
  readonly unset: readonly string[];
}

/** Result of a change of secrets. */
export interface ChangedSecrets extends SecretOwner {
  readonly application: Application;
  readonly events: readonly ApplicationEvent[];
  readonly position: Position | undefined;
  readonly repeated: boolean;
}

interface Found extends SecretOwner {
  readonly application: Application;
  readonly present: Guarded | undefined;
}

/** A planned change: its events, and the values to store before them. */
interface Planned {
  readonly change: SecretsChange;
  /** Vault records (name and text). */
  readonly records: readonly (readonly [name: string, text: string])[];
  /** Absent if the present revision uses none of the secrets. */
  readonly deployment?: Deployment;
}

/** Changes the secrets of an application, and deploys it again if it uses them. */
@Injectable()
export class SecretChanges {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(FingerprintKeys) private readonly keys: FingerprintKeys,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(HostClaims) private readonly hosts: HostClaims,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(Deployer) private readonly deployer: Deployer,
  ) {}

  /**
   * Changes secrets once.
   * @returns `deployments/contended` if the application changed in the meantime, so that the caller retries
   */
  async change(
    name: string,
    wanted: WantedSecrets,
    membership: Membership,
    context: OrganizationContext,
  ): Promise<Result<ChangedSecrets, DomainError>> {
    const found = await this.find(name, wanted, membership, context);
    if (!found.ok) return found;
    const { organizationId, applicationId, present } = found.value;
    const place = placeOf(found.value.applicationId, found.value.application, membership);
    const change = { action: 'change', application: name, present, next: undefined } as const;
    const allowed = await this.protection.check(place, change);
    if (!allowed.ok) return allowed;
    const key = await this.keys.of(organizationId);
    if (!key.ok) return key;
    const planned = await this.plan(found.value, wanted, { membership, by: context.actor.id, hmacKey: key.value });
    if (!planned.ok) return planned;
    for (const [record, text] of context.dryRun ? [] : planned.value.records) {
      const stored = await this.records.put(record, text);
      if (!stored.ok) return stored;
    }
    const done = await this.record(name, found.value, planned.value, { place, context });
    if (!done.ok) return done;
    if (done.value.repeated && isOther(done.value.events, wanted, key.value)) return err(runnerErrors.otherRequest());
    return ok({ organizationId, applicationId, ...done.value });
  }

  /** Returns the application that has the name, or prepares one so that its first revision can use the secrets. */
  private async find(
    name: string,
    { set }: WantedSecrets,
    { organizationId }: Membership,
    context: OrganizationContext,
  ): Promise<Result<Found, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const { entries, prepared } = catalog.value.state;
    const known = entries.application.get(name)?.id ?? prepared.get(name);
    if (known === undefined && set.size === 0) return err(deploymentsErrors.applicationNotFound(name));
    const applicationId = known ?? this.commands.newId(context, 0);
    if (known === undefined) {
      const prepare = { type: 'prepare', name, id: applicationId } as const;
      const reserved = await this.commands.run(catalogDecider, catalogStream(organizationId), prepare, context, {
        step: 'prepare',
      });
      if (!reserved.ok) return reserved;
      const { state } = reserved.value;
      const holder = state.entries.application.get(name)?.id ?? state.prepared.get(name);
      if (holder !== applicationId) return err(deploymentsErrors.staleRevision());
    }
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    const present = presentOf(application, catalog.value.state, name);
    return ok({ organizationId, applicationId, application, present });
  }

  private async plan(
    found: Found,
    { set, unset }: WantedSecrets,
    by: { readonly membership: Membership; readonly by: string; readonly hmacKey: string },
  ): Promise<Result<Planned, DomainError>> {
    const { application, organizationId, applicationId } = found;
    const wanted = [...set].map(([key, value]) => ({
      key,
      fingerprint: fingerprintOf(by.hmacKey, key, value),
      bytes: Buffer.byteLength(value),
    }));
    const change: SecretsChange = { ...settingOf(application, wanted), unset };
    const values = change.set.map(
      ({ key, fingerprint }) => [secretRecord(found, key, fingerprint), set.get(key) ?? ''] as const,
    );
    const latest = latestOf(application);
    if (!latest) return ok({ change, records: values });
    const before = await this.contents.of(latest);
    if (!before.ok) return before;
    const next = before.value && withSecrets(before.value, this.versionsAfter(found, change, set, unset));
    if (!before.value || !next) return ok({ change, records: values });
    const hosts = await this.hosts.hostsIn(next);
    if (!hosts.ok) return hosts;
    const { isAdmin } = by.membership;
    const { configuration, record } = reconfigured({
      ...found,
      latest,
      before: before.value,
      next,
      by: by.by,
      isAdmin,
    });
    const deployment: Deployment = {
      organizationId,
      applicationId,
      configuration,
      revision: latest.revision + 1,
      named: false,
      hosts: hosts.value,
      isAdmin,
      secrets: change,
    };
    return ok({ change, records: [...values, record], deployment });
  }

  /** Returns the versions of the given keys after the change. */
  private versionsAfter(
    found: Found,
    { set }: SecretsChange,
    given: ReadonlyMap<string, string>,
    unset: readonly string[],
  ): ReadonlyMap<string, SecretRef | undefined> {
    const events: ApplicationEvent[] = [{ type: 'application.secrets-set.v1', data: { secrets: set } }];
    const refs = secretRefs(found, events.reduce(evolveApplication, found.application));
    const versions = new Map<string, SecretRef | undefined>([...given.keys()].map((key) => [key, refs[key]]));
    for (const key of unset) versions.set(key, undefined);
    return versions;
  }

  private async record(
    name: string,
    { applicationId, application }: Found,
    { change, deployment }: Planned,
    { place, context }: { readonly place: Place; readonly context: OrganizationContext },
  ): Promise<Result<Omit<ChangedSecrets, keyof SecretOwner>, DomainError>> {
    if (deployment) return this.deployer.configure(deployment, context);
    const latest = latestOf(application);
    const protection = await this.protection.of(place, latest);
    if (!protection.ok) return protection;
    const command = {
      type: 'change-secrets',
      name,
      change,
      present: latest?.revision ?? 0,
      attemptId: this.commands.newId(context, 1),
      running: [],
      protection: protection.value,
      ...(context.ifMatch !== undefined && { ifMatch: context.ifMatch }),
    } as const;
    const stream = applicationStream(applicationId);
    const done = await this.commands.run(applicationDecider, stream, command, context, { step: SECRETS_STEP });
    if (!done.ok) return done;
    const { state, events, meta, repeated } = done.value;
    return ok({ application: state, events, position: meta.position, repeated });
  }
}

/**
 * Returns whether a repeated request has other values than the first one. The digest of a request leaves values out, so
 * the runner does not notice.
 */
const isOther = (events: readonly ApplicationEvent[], { set }: WantedSecrets, hmacKey: string): boolean =>
  events.some(
    (event) =>
      event.type === 'application.secrets-set.v1' &&
      event.data.secrets.some(
        ({ key, fingerprint }) => fingerprintOf(hmacKey, key, set.get(key) ?? '') !== fingerprint,
      ),
  );
