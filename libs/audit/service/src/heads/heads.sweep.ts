import { READ_MODELS, type ReadModels, type Sweep } from '#event-sourcing';
import { LOGGER, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { treeProjection } from '../tree/tree.projection.ts';
import { isGrowing } from '../tree/tree.ts';
import { HeadSigning } from './head-signing.service.ts';

const PAGE = 500;

/** Signs a head of each organization that has changed, at most one a minute. */
@Injectable()
export class HeadsSweep implements Sweep {
  readonly name = 'audit-heads';
  readonly everyMs = 10_000;
  /** Position up to which all changed organizations are signed, or in `waiting`. */
  private seen: string | undefined;
  private readonly waiting = new Set<string>();

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(HeadSigning) private readonly signing: HeadSigning,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.findChanged();
    for (const organizationId of [...this.waiting]) {
      if (signal.aborted) return;
      const signed = await this.signing.sign(organizationId);
      if (!signed.ok) this.logger.warn({ organizationId, code: signed.error.code }, 'a head could not be signed');
      else if (signed.value) this.waiting.delete(organizationId);
    }
  }

  private async findChanged(): Promise<void> {
    const range = { field: 'position', from: this.seen ?? '' };
    let cursor: string | undefined;
    do {
      const page = await this.readModels.find(treeProjection, {
        range,
        sort: { field: 'position', direction: 'ascending' },
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      });
      if (!page.ok) return;
      for (const { document } of page.value.items) {
        if (!isGrowing(document) || document.position === this.seen) continue;
        this.waiting.add(document.organizationId);
        this.seen = document.position;
      }
      cursor = page.value.next;
    } while (cursor !== undefined);
  }
}
