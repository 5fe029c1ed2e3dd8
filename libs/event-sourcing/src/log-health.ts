import { LRUCache } from 'lru-cache';
import { ChainBrokenError } from '#event-store';
import type { Logger, Position } from '#kernel';
import type { Halt } from './event-reader.ts';

/** Maximum number of damaged streams that are reported. `npm run admin:verify` reports all. */
const MAX_REPORTED = 100;

/**
 * Problems of the log that this process has found. Each is logged once, however often it is found. Damage remains
 * listed until the process is restarted.
 */
export class LogHealth {
  private readonly damaged = new Map<string, ChainBrokenError>();
  private readonly stopped = new Map<string, Halt>();
  /** Streams on which commands are rejected, by the position of the event that only a newer release knows. */
  private readonly refused = new LRUCache<string, Position>({ max: MAX_REPORTED });

  constructor(private readonly log: Logger) {}

  /** Records streams whose hash chain is broken. */
  found(faults: Iterable<ChainBrokenError>): void {
    for (const fault of faults) {
      const { stream, revision, position, reason } = fault;
      if (this.damaged.has(stream) || this.damaged.size >= MAX_REPORTED) continue;
      this.damaged.set(stream, fault);
      this.log.error({ stream, revision, position, reason }, 'the event log is damaged');
    }
  }

  /** Returns the known damage of a stream. */
  damageOf(stream: string): ChainBrokenError | undefined {
    return this.damaged.get(stream);
  }

  /** Records that commands on a stream are rejected. */
  refuse(halt: Halt): void {
    if (halt instanceof ChainBrokenError) return this.found([halt]);
    const { type, stream, position } = halt;
    if (this.refused.get(stream) === position) return;
    this.refused.set(stream, position);
    this.log.error({ type, stream, position }, 'commands on a stream that a newer release has written are refused');
  }

  /**
   * Records that a reader has stopped before an event.
   *
   * @param reader such as `projection organizations.v1`
   */
  stop(reader: string, halt: Halt): void {
    const known = this.stopped.get(reader);
    this.stopped.set(reader, halt);
    if (known?.code === halt.code && known.position === halt.position) return;
    const { code, stream, position } = halt;
    const type = 'type' in halt ? { type: halt.type } : {};
    this.log.error({ reader, code, stream, position, ...type }, 'a reader of the event log has stopped');
  }

  /** Records that a reader has continued. */
  resume(reader: string): void {
    if (this.stopped.delete(reader)) this.log.info({ reader }, 'a reader of the event log continues');
  }

  /**
   * Returns the reasons why this process is not ready, a sentence each: damage, and an event that the directory of
   * rights cannot read.
   */
  problems(): readonly string[] {
    const directory = this.stopped.get(DIRECTORY);
    const unread = directory?.code === 'event-sourcing/newer-release' ? [directory.message] : [];
    return [...[...this.damaged.values()].map(({ message }) => message), ...unread];
  }
}

/** The reader on which all permissions depend. */
export const DIRECTORY = 'directory of rights';
