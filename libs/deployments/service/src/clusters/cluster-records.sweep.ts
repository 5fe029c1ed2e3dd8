import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';

/** Removes credentials and certificate authorities of clusters that no event refers to. */
@Injectable()
export class ClusterRecordsSweep implements Sweep {
  readonly name = 'deployments-cluster-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return this.unnamed.remove(['cluster-credential/', 'cluster-authority/'], signal, (name) => this.isNamed(name));
  }

  private async isNamed(name: string): Promise<boolean> {
    const loaded = await this.commands.load(clusterDecider, clusterStream(name.split('/')[1] ?? ''));
    if (!loaded.ok) return true;
    if (loaded.value.state.status !== 'active') return false;
    const { credential, certificateAuthority } = loaded.value.state.registration;
    return name === credential || name === certificateAuthority;
  }
}
