import type { Sweep } from '#event-sourcing';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';
import { HostCredentials } from './host-credentials.service.ts';

/** Removes credentials that were replaced or deleted, and those of interrupted requests. */
@Injectable()
export class CredentialRecordsSweep implements Sweep {
  readonly name = 'deployments-credential-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(HostCredentials) private readonly credentials: HostCredentials,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return this.unnamed.remove(['host-credential/'], signal, (name) => this.isNamed(name));
  }

  private async isNamed(name: string): Promise<boolean> {
    const all = await this.credentials.all(name.split('/')[1] ?? '');
    return !all.ok || [...all.value.values()].some(({ record }) => record === name);
  }
}
