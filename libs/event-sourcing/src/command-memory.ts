import type { SealedEvent } from '#event-store';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Trace {
  readonly body: string;
  readonly recordedAtMs: number;
  /** Revision of each event recorded under the command, by event id. */
  readonly revisions: Map<string, number>;
}

/** What a stream knows of a command that asks to run. */
export type Earlier =
  | { readonly is: 'unknown' }
  | { readonly is: 'other-request' }
  | { readonly is: 'repeat'; readonly from: number; readonly to: number };

/** The commands that one stream has recorded in the last 24 hours, by the first half of their ids. */
export class CommandMemory {
  private readonly traces = new Map<string, Trace>();

  remember({ id, commandId, revision, recordedAt }: SealedEvent): void {
    const [name, body] = halves(commandId);
    const known = this.traces.get(name);
    if (known?.body === body) known.revisions.set(id, revision);
    else this.traces.set(name, { body, recordedAtMs: Date.parse(recordedAt), revisions: new Map([[id, revision]]) });
  }

  /** Forgets what is older than a day; the traces are in order of time, as `recordedAt` never goes back within a stream. */
  forget(nowMs: number): void {
    for (const [name, { recordedAtMs }] of this.traces) {
      if (recordedAtMs > nowMs - DAY_MS) return;
      this.traces.delete(name);
    }
  }

  /** @param idOf the id that the event number `index` of the asking command and step has */
  find(commandId: string, idOf: (index: number) => string, nowMs: number): Earlier {
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

/** Name and body digest of a command id; an id without a dot is all name. */
function halves(commandId: string): readonly [string, string] {
  const dot = commandId.indexOf('.');
  return dot === -1 ? [commandId, ''] : [commandId.slice(0, dot), commandId.slice(dot + 1)];
}
