/** An event as the server stores it. */
export interface ServerEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export type NewEvent = Omit<ServerEvent, 'stream' | 'revision' | 'position'>;

/** Response of a server to an append, as measured with EventStoreDB 23.10. */
export type Placed =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  | { readonly kind: 'wrong-version'; readonly current: number }
  | { readonly kind: 'too-large' };

/** Maximum bytes of one append: data and metadata of all its events. */
export const MOST_BYTES = 1_048_576;
/** Bytes of a record in addition to data and metadata, so that positions have gaps as on a real server. */
const RECORD_BYTES = 173;

/** In-memory log of a server, which survives a restart. */
export class ServerLog {
  readonly events: ServerEvent[] = [];
  private readonly streams = new Map<string, ServerEvent[]>();
  private nextPosition = RECORD_BYTES;

  /**
   * @param past what an earlier process has kept
   * @param keep takes the events of each append before the append is answered
   */
  constructor(
    past: readonly ServerEvent[] = [],
    private readonly keep: (events: readonly ServerEvent[]) => void = () => {},
  ) {
    for (const event of past) this.hold(event);
  }

  stream(name: string): readonly ServerEvent[] | undefined {
    return this.streams.get(name);
  }

  /**
   * @param expected revision of the last event; -1 if the stream must not exist
   * @returns success for events whose ids are already stored at that revision, regardless of their content
   */
  append(stream: string, events: readonly NewEvent[], expected: number): Placed {
    const bytes = events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    if (bytes > MOST_BYTES) return { kind: 'too-large' };
    const present = this.streams.get(stream) ?? [];
    const current = present.length - 1;
    if (expected === current) return this.write(stream, events);
    const there = present.slice(expected + 1, expected + 1 + events.length);
    const last = there.at(-1);
    const isRepeat = there.length === events.length && there.every(({ id }, index) => id === events[index]?.id);
    return last !== undefined && isRepeat
      ? { kind: 'appended', revision: last.revision, position: last.position }
      : { kind: 'wrong-version', current };
  }

  /** Changes a stored event, as only somebody with access to the server's files can. */
  replace(position: number, change: (event: ServerEvent) => ServerEvent): void {
    const replaceIn = (list: ServerEvent[]) => {
      const index = list.findIndex((event) => event.position === position);
      const event = list[index];
      if (event) list[index] = change(event);
    };
    replaceIn(this.events);
    for (const list of this.streams.values()) replaceIn(list);
  }

  private write(stream: string, events: readonly NewEvent[]): Placed {
    const revision = (this.streams.get(stream)?.length ?? 0) - 1;
    const written: ServerEvent[] = [];
    let position = this.nextPosition;
    for (const event of events) {
      written.push({ ...event, stream, revision: revision + written.length + 1, position });
      position += bytesOf(event);
    }
    this.keep(written);
    for (const event of written) this.hold(event);
    const last = written.at(-1);
    return {
      kind: 'appended',
      revision: last?.revision ?? revision,
      position: last?.position ?? this.nextPosition,
    };
  }

  private hold(event: ServerEvent): void {
    const present = this.streams.get(event.stream) ?? [];
    this.streams.set(event.stream, present);
    present.push(event);
    this.events.push(event);
    this.nextPosition = event.position + bytesOf(event);
  }
}

const bytesOf = ({ data, metadata }: NewEvent): number => RECORD_BYTES + data.length + metadata.length;
