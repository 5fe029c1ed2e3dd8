import { LRUCache } from 'lru-cache';
import { ChainBrokenError } from '#event-store';
import type { Logger, Position } from '#kernel';
import type { Halt } from './event-reader.ts';

/** Damaged streams that are told one by one; more than that is told by `npm run admin:verify`. */
const TOLD = 100;

/**
 * What this process has found wrong with the log. Each finding is logged once, however often it is met again; damage
 * stays on the list until the process is started again.
 */
export class LogHealth {
  private readonly damaged = new Map<string, ChainBrokenError>();
  private readonly stopped = new Map<string, Halt>();
  /** Streams that commands were refused on, by the position of the event that only a newer release knows. */
  private readonly refused = new LRUCache<string, Position>({ max: TOLD });

  constructor(private readonly log: Logger) {}

  /** Notes streams whose hash chain is broken. */
  found(faults: Iterable<ChainBrokenError>): void {
    for (const fault of faults) {
      const { stream, revision, position, reason } = fault;
      if (this.damaged.has(stream) || this.damaged.size >= TOLD) continue;
      this.damaged.set(stream, fault);
      this.log.error({ stream, revision, position, reason }, 'the event log is damaged');
    }
  }

  /** What is wrong with a stream, as far as it was found. */
  damageOf(stream: string): ChainBrokenError | undefined {
    return this.damaged.get(stream);
  }

  /** Notes that commands on a stream are refused. */
  refuse(halt: Halt): void {
    if (halt instanceof ChainBrokenError) return this.found([halt]);
    const { type, stream, position } = halt;
    if (this.refused.get(stream) === position) return;
    this.refused.set(stream, position);
    this.log.error({ type, stream, position }, 'commands on a stream that a newer release has written are refused');
  }

  /** Notes that a reader has stopped before an event. @param reader such as `projection organizations.v1` */
  stop(reader: string, halt: Halt): void {
    const known = this.stopped.get(reader);
    this.stopped.set(reader, halt);
    if (known?.code === halt.code && known.position === halt.position) return;
    const { code, stream, position } = halt;
    const type = 'type' in halt ? { type: halt.type } : {};
    this.log.error({ reader, code, stream, position, ...type }, 'a reader of the event log has stopped');
  }

  /** Notes that a reader has gone on. */
  resume(reader: string): void {
    if (this.stopped.delete(reader)) this.log.info({ reader }, 'a reader of the event log continues');
  }

  /** What keeps this process from being ready: damage, and an event that the directory of rights cannot read. One sentence each. */
  problems(): readonly string[] {
    const directory = this.stopped.get(DIRECTORY);
    const unread = directory?.code === 'event-sourcing/newer-release' ? [directory.message] : [];
    return [...[...this.damaged.values()].map(({ message }) => message), ...unread];
  }
}

/** The reader that everybody's rights depend on. */
export const DIRECTORY = 'directory of rights';
