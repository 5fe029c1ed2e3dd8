import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { ok } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { Unfinished, UNFINISHED_EVERY_MS } from '../shared/unfinished.service.ts';
import { profileDecider, profileStream } from './profile.decider.ts';
import { profilesProjection } from './profiles.projection.ts';

/** Finishes creations and deletions of profiles that were interrupted. */
@Injectable()
export class UnfinishedProfilesSweep implements Sweep {
  readonly name = 'deployments-unfinished-profiles';
  readonly everyMs = UNFINISHED_EVERY_MS;

  constructor(
    @Inject(Unfinished) private readonly unfinished: Unfinished,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.unfinished.each(profilesProjection, { unfinished: true }, signal, async (document, context) => {
      const { id, intent, createdAt } = document;
      if (!intent || this.unfinished.isYoung(createdAt)) return ok(undefined);
      const command = { type: 'apply', content: intent, mayChange: 'all' } as const;
      return this.commands.run(profileDecider, profileStream(id), command, context);
    });
    await this.unfinished.each(profilesProjection, { retiring: true }, signal, async (document, context) => {
      const { id, organizationId, name } = document;
      const deleted = await this.commands.run(profileDecider, profileStream(id), { type: 'delete' }, context);
      if (!deleted.ok) return deleted;
      const release = { type: 'release', kind: 'profile', name, id } as const;
      return this.commands.run(catalogDecider, catalogStream(organizationId), release, context);
    });
  }
}
