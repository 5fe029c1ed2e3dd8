import type { SealedEvent } from '#event-store';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Trace {
  readonly body: string;
  readonly recordedAtMs: number;
  /** Revision of each event recorded by the command, by event ID. */
  readonly revisions: Map<string, number>;
}

/** Result of looking up a command ID in a stream. */
export type CommandLookup =
  | { readonly is: 'unknown' }
  | { readonly is: 'other-request' }
  | { readonly is: 'repeat'; readonly from: number; readonly to: number };

/** The commands that one stream has recorded in the last 24 hours, by the first half of their IDs. */
export class CommandMemory {
  private readonly traces = new Map<string, Trace>();

  remember({ id, commandId, revision, recordedAt }: SealedEvent): void {
    const [name, body] = halves(commandId);
    const known = this.traces.get(name);
    if (known?.body === body) known.revisions.set(id, revision);
    else this.traces.set(name, { body, recordedAtMs: Date.parse(recordedAt), revisions: new Map([[id, revision]]) });
  }

  /**
   * Removes commands older than a day. Traces are in order of time, because `recordedAt` never decreases within a
   * stream.
   */
  forget(nowMs: number): void {
    for (const [name, { recordedAtMs }] of this.traces) {
      if (recordedAtMs > nowMs - DAY_MS) return;
      this.traces.delete(name);
    }
  }

  /**
   * Looks up a command.
   *
   * @param idOf returns the ID of the event number `index` of this command and step
   */
  find(commandId: string, idOf: (index: number) => string, nowMs: number): CommandLookup {
    const [name, body] = halves(commandId);
    const trace = this.traces.get(name);
    if (trace === undefined || trace.recordedAtMs <= nowMs - DAY_MS) return { is: 'unknown' };
    if (trace.body !== body) return { is: 'other-request' };
    const from = trace.revisions.get(idOf(0));
    if (from === undefined) return { is: 'unknown' }; // another step of the same command
    let to = from;
    while (trace.revisions.get(idOf(to + 1 - from)) === to + 1) to += 1;
    return { is: 'repeat', from, to };
  }
}

/** Splits a command ID into name and body digest. An ID without a dot is a name only. */
function halves(commandId: string): readonly [string, string] {
  const dot = commandId.indexOf('.');
  return dot === -1 ? [commandId, ''] : [commandId.slice(0, dot), commandId.slice(dot + 1)];
}
