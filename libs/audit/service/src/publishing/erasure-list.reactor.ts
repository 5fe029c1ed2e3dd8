import { userEvents, type UserEvent } from '#access';
import { erasureLine } from '#backup';
import type { Reactor } from '#event-sourcing';
import { idOf, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { HeadSink } from './head-sink.service.ts';

type Erased = Extract<UserEvent, { readonly type: 'user.erased.v1' }>;

/**
 * Lists erased people by their ID in the place outside the platform, so that an import of an earlier backup erases them
 * again. Each place has its own checkpoint: another one receives all erasures of the log.
 */
@Injectable()
export class ErasureListReactor implements Reactor<UserEvent, 'user.erased.v1'> {
  readonly name: string;
  readonly events = userEvents;
  readonly types = ['user.erased.v1'] as const;

  constructor(@Inject(HeadSink) private readonly sink: HeadSink) {
    this.name = `audit-erasure-list.v1.${sink.id}`;
  }

  async react({ event, metadata }: Recorded<Erased>): Promise<void> {
    if (!this.sink.isConfigured) return;
    const userId = idOf(metadata.stream);
    await this.sink.write(`erasures/${userId}.json`, erasureLine(userId, event.data.at ?? metadata.recordedAt));
  }
}
