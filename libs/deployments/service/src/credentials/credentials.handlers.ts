import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import {
  deleteCredentialRequest,
  getCredentialRequest,
  listCredentialsRequest,
  setCredentialRequest,
  type CredentialView,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import type { HostSettings } from '#sources';
import { Controller, Inject } from '@nestjs/common';
import { shownFingerprint } from '../shared/secret-text.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { credentialErrors } from './credential.errors.ts';
import {
  credentialsDecider,
  credentialsStream,
  keyOf,
  type HostRef,
  type StoredCredential,
} from './credentials.decider.ts';
import { HostCredentials, settingsError } from './host-credentials.service.ts';

/** Handles the credentials of hosts. Secrets are stored in the vault and are never returned. */
@Controller()
export class CredentialsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(HostCredentials) private readonly credentials: HostCredentials,
  ) {}

  @Serves(listCredentialsRequest)
  async list(
    @Input() place: InputOf<typeof listCredentialsRequest>,
    @Caller() { organizationId }: ContextOf<typeof listCredentialsRequest>,
  ): Promise<ReplyTo<typeof listCredentialsRequest>> {
    const all = await this.credentials.all(organizationId);
    if (!all.ok) return refuse(all.error);
    const { items, ...rest } = pageOf([...all.value.values()], ({ host, kind }) => `${host} ${kind}`, place);
    const views: CredentialView[] = [];
    for (const stored of items) {
      const view = await this.view(stored);
      if (!view.ok) return refuse(view.error);
      views.push(view.value);
    }
    return reply({ items: views, ...rest });
  }

  @Serves(getCredentialRequest)
  async get(
    @Input() { host }: InputOf<typeof getCredentialRequest>,
    @Caller() { organizationId }: ContextOf<typeof getCredentialRequest>,
  ): Promise<ReplyTo<typeof getCredentialRequest>> {
    const all = await this.credentials.all(organizationId);
    if (!all.ok) return refuse(all.error);
    const found = [...all.value.values()].filter((stored) => stored.host === host);
    if (found.length === 0) return refuse(credentialErrors.credentialNotFound(host));
    const credentials: CredentialView[] = [];
    for (const stored of found) {
      const view = await this.view(stored);
      if (!view.ok) return refuse(view.error);
      credentials.push(view.value);
    }
    return reply({ host, credentials });
  }

  @Serves(setCredentialRequest)
  async set(
    @Input() { host, kind, user, secret, certificateAuthority, knownHosts }: InputOf<typeof setCredentialRequest>,
    @Caller() context: ContextOf<typeof setCredentialRequest>,
  ): Promise<ReplyTo<typeof setCredentialRequest>> {
    const { organizationId } = context;
    const present = await this.present(organizationId, { host, kind });
    if (!present.ok) return refuse(present.error);
    const settings = changed(present.value, { user, secret, certificateAuthority, knownHosts });
    const invalid = settingsError(settings);
    if (invalid) return refuse(invalid);
    const fingerprints = await this.credentials.fingerprints(organizationId);
    if (!fingerprints.ok) return refuse(fingerprints.error);
    const fingerprint = fingerprints.value;
    const credential: StoredCredential = {
      host,
      kind,
      record: `host-credential/${organizationId}/${fingerprint([host, kind, settings])}`,
      fingerprint: settings.credential ? fingerprint(settings.credential) : null,
      certificateAuthority: settings.certificateAuthority !== undefined,
      knownHosts: settings.knownHosts !== undefined,
      at: new Date(this.clock.now()).toISOString(),
    };
    if (!context.dryRun) {
      const stored = await this.records.put(credential.record, JSON.stringify(settings));
      if (!stored.ok) return refuse(stored.error);
    }
    const command = { type: 'set', credential } as const;
    return this.commands.reply(
      credentialsDecider,
      credentialsStream(organizationId),
      command,
      context,
      ({ state, events }) => ({
        credential: viewOf(state.get(keyOf(credential)) ?? credential, settings.credential?.user),
        outcome: events.length > 0 ? ('configured' as const) : ('unchanged' as const),
        dryRun: context.dryRun ?? false,
      }),
    );
  }

  @Serves(deleteCredentialRequest)
  async delete(
    @Input() { host, kind }: InputOf<typeof deleteCredentialRequest>,
    @Caller() context: ContextOf<typeof deleteCredentialRequest>,
  ): Promise<ReplyTo<typeof deleteCredentialRequest>> {
    const command = { type: 'delete', host, kind } as const;
    const stream = credentialsStream(context.organizationId);
    return this.commands.reply(credentialsDecider, stream, command, context, () => ({
      host,
      dryRun: context.dryRun ?? false,
    }));
  }

  /** Returns what is stored for a host. */
  private async present(organizationId: string, ref: HostRef): Promise<Result<HostSettings, DomainError>> {
    const all = await this.credentials.all(organizationId);
    if (!all.ok) return all;
    const stored = all.value.get(keyOf(ref));
    const record = stored ? await this.records.get(stored.record) : ok(undefined);
    // written by this class
    return record.ok ? ok(record.value === undefined ? {} : (JSON.parse(record.value) as HostSettings)) : record;
  }

  private async view(stored: StoredCredential): Promise<Result<CredentialView, DomainError>> {
    const record = await this.records.get(stored.record);
    if (!record.ok) return record;
    const settings = JSON.parse(record.value ?? '{}') as HostSettings; // written by this class
    return ok(viewOf(stored, settings.credential?.user));
  }
}

/** What a request contains. */
interface GivenSettings {
  readonly user: string | undefined;
  readonly secret: string | undefined;
  readonly certificateAuthority: string | undefined;
  readonly knownHosts: string | undefined;
}

/** Settings that are left out keep their value. A new secret without a user has none. */
function changed(present: HostSettings, given: GivenSettings): HostSettings {
  const { certificateAuthority = present.certificateAuthority, knownHosts = present.knownHosts } = given;
  const secret = given.secret ?? present.credential?.secret;
  const user = given.user ?? (given.secret === undefined ? present.credential?.user : undefined);
  return {
    ...(secret !== undefined && { credential: { secret, ...(user !== undefined && { user }) } }),
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(knownHosts !== undefined && { knownHosts }),
  };
}

const viewOf = (
  { host, kind, fingerprint, certificateAuthority, knownHosts, at }: StoredCredential,
  user: string | undefined,
): CredentialView => ({
  host,
  kind,
  user: user ?? null,
  fingerprint: fingerprint === null ? null : shownFingerprint(fingerprint),
  certificateAuthority,
  knownHosts,
  updatedAt: at,
});
