import { createHmac, X509Certificate } from 'node:crypto';
import type { HostCredential, RolloutTask } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { canonicalJson, ok, type DomainError, type Result } from '#kernel';
import type { HostSettings } from '#sources';
import { Inject, Injectable } from '@nestjs/common';
import { FingerprintKeys } from '../shared/fingerprint-keys.service.ts';
import { credentialErrors } from './credential.errors.ts';
import { credentialsDecider, credentialsStream, keyOf, type Credentials } from './credentials.decider.ts';
import { registryOf } from './image-registry.ts';

/** Characters of a fingerprint that are kept; see `shownFingerprint` for those that are shown. */
const FINGERPRINT = 24;

/** Reads and describes the credentials of hosts. */
@Injectable()
export class HostCredentials {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(FingerprintKeys) private readonly keys: FingerprintKeys,
  ) {}

  async all(organizationId: string): Promise<Result<Credentials, DomainError>> {
    const loaded = await this.commands.load(credentialsDecider, credentialsStream(organizationId));
    return loaded.ok ? ok(loaded.value.state) : loaded;
  }

  /** Returns the names of the vault records, for a worker. */
  async records(organizationId: string): Promise<Result<HostCredential[], DomainError>> {
    const all = await this.all(organizationId);
    return all.ok ? ok([...all.value.values()].map(({ host, kind, record }) => ({ host, kind, record }))) : all;
  }

  /** Returns where the secret of an image's registry is stored; undefined if there is none. @param image reference */
  async ofImage(organizationId: string, image: string): Promise<Result<RolloutTask['imageCredential'], DomainError>> {
    const all = await this.all(organizationId);
    if (!all.ok) return all;
    const { hosts, name: registry } = registryOf(image);
    const found = hosts
      .map((host) => all.value.get(keyOf({ host, kind: 'registry' })))
      .find((stored) => stored && stored.fingerprint !== null);
    return ok(found && { registry, record: found.record });
  }

  /** Returns a function that computes fingerprints with the key of the organization; see {@link FingerprintKeys}. */
  async fingerprints(organizationId: string): Promise<Result<(value: unknown) => string, DomainError>> {
    const key = await this.keys.of(organizationId);
    if (!key.ok) return key;
    return ok((value) =>
      createHmac('sha256', key.value).update(canonicalJson(value)).digest('hex').slice(0, FINGERPRINT),
    );
  }
}

/** Returns the error of settings that no host would accept. */
export function settingsError({ certificateAuthority, knownHosts, credential }: HostSettings): DomainError | undefined {
  if (certificateAuthority !== undefined && !isCertificates(certificateAuthority))
    return credentialErrors.credentialInvalid('/certificateAuthority', 'must be certificates in PEM');
  if (knownHosts !== undefined && !knownHosts.split('\n').some((line) => /^[^#\s]\S*\s+\S+\s+\S+/.test(line)))
    return credentialErrors.credentialInvalid('/knownHosts', 'must be lines of a known_hosts file');
  if (!credential && certificateAuthority === undefined && knownHosts === undefined)
    return credentialErrors.credentialInvalid('/secret', 'must be given, unless certificateAuthority or knownHosts is');
  return undefined;
}

function isCertificates(pem: string): boolean {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return all.length > 0 && all.every((one) => new X509Certificate(one).ca);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false; // OpenSSL could not read it
    throw error;
  }
}
