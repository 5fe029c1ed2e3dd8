import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';
import { profileDecider, profileStream } from './profile.decider.ts';

/** Removes contents of profiles that no event refers to. */
@Injectable()
export class ProfileRecordsSweep implements Sweep {
  readonly name = 'deployments-profile-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return this.unnamed.remove(['profile/'], signal, (name) => this.isNamed(name));
  }

  /** Only the present content of a profile is needed: resolved revisions contain what they took from earlier ones. */
  private async isNamed(name: string): Promise<boolean> {
    const loaded = await this.commands.load(profileDecider, profileStream(name.split('/')[1] ?? ''));
    if (!loaded.ok || loaded.value.state.status === 'absent') return !loaded.ok;
    return loaded.value.state.status === 'active' && loaded.value.state.content.record === name;
  }
}
