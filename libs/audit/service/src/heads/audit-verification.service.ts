import type { OutputOf } from '#bus/contract';
import type { verifyAuditRequest } from '#audit/contract';
import { checkedLog, EVENT_STORE, type ChainBrokenError, type EventStore, type StoredEvent } from '#event-store';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import { GrowingTree, leafHash } from '#transparency';
import { Inject, Injectable } from '@nestjs/common';
import { headErrors } from './heads.errors.ts';
import { headEvents, headStream, type HeadEvent } from './head.events.ts';
import { SigningKeys } from './signing-keys.service.ts';
import { HeadCheck, type AuditFault } from './verification.ts';

type Verified = Omit<OutputOf<typeof verifyAuditRequest>, 'head'>;

/** Milliseconds after which a verification is given up, well before its caller stops waiting. */
const WITHIN_MS = 25_000;

/** Verifies the events of an organization in the log, and all its signed heads. */
@Injectable()
export class AuditVerification {
  constructor(
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Reads the complete log once. Memory is bounded by the number of streams whose chains are followed at a time. */
  async verify(organizationId: string): Promise<Result<Verified, DomainError>> {
    const keys = await this.keys.list();
    if (!keys.ok) return keys;
    const heads = new HeadCheck(
      keys.value.map(({ publicKey }) => Buffer.from(publicKey, 'base64')),
      organizationId,
    );
    const tree = new GrowingTree();
    let streams = 0;
    const outcome = (fault: AuditFault | undefined, unsigned = 0): Verified => ({
      whole: fault === undefined,
      events: tree.size,
      streams,
      heads: heads.checked,
      unsigned,
      fault: fault ?? null,
    });

    let signed = 0;
    for await (const { stream, revision, position, type, data } of this.eventStore.read(headStream(organizationId))) {
      const event = { type, data } as HeadEvent; // an altered event does not parse as a note, or has another signature
      if (event.type !== 'audit.head-signed.v1') continue;
      const fault = heads.add({ note: String(event.data.note), stream, revision, position });
      if (fault) return ok(outcome(fault));
      signed = event.data.size;
    }

    const deadline = this.clock.monotonic() + WITHIN_MS;
    for await (const { events, faults } of checkedLog(this.eventStore)) {
      if (this.clock.monotonic() > deadline) return err(headErrors.tooLong(tree.size));
      for (const event of events) {
        const isOwn = event.organizationId === organizationId;
        const broken = faults
          .get(event.position)
          ?.find(({ stream }) => isOwn || stream === '' || this.isNamedAfter(stream, organizationId));
        if (broken) return ok(outcome(chainFault(broken)));
        if (!isOwn || isHead(event)) continue;
        if (event.revision === 0) streams += 1;
        tree.add(leafHash(Buffer.from(event.hash, 'hex')));
        const fault = heads.grown(tree);
        if (fault) return ok(outcome(fault));
      }
    }
    return ok(outcome(heads.ended(tree), Math.max(0, tree.size - signed)));
  }

  /** Returns whether a stream is named after the organization, also where an event of it cannot be read. */
  private isNamedAfter(stream: string, organizationId: string): boolean {
    return stream.includes(organizationId);
  }
}

const isHead = ({ stream }: StoredEvent): boolean =>
  headEvents.categories.some((category) => stream.startsWith(`${category}-`));

const chainFault = ({ stream, revision, position, message }: ChainBrokenError): AuditFault => ({
  reason: 'chain',
  stream,
  revision,
  position,
  message,
});
