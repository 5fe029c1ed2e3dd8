import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { ServerEvent } from './server-log.ts';

/** What a process keeps in a file, so that the next one continues from it. */
export interface Journal {
  readonly past: readonly ServerEvent[];
  /** Keeps the events of one append, all or none. Safe against a kill of the process, not against a loss of power. */
  readonly keep: (events: readonly ServerEvent[]) => void;
  close(): void;
}

interface KeptEvent extends Omit<ServerEvent, 'data' | 'metadata'> {
  /** base64 */
  readonly data: string;
  readonly metadata: string;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const text = (value: Uint8Array): string => Buffer.from(value).toString('base64');

/** Opens the file, or makes it: one line for each append. A line that a kill has cut off was not acknowledged and is removed. */
export function openJournal(file: string): Journal {
  const descriptor = openSync(file, 'a+');
  const content = readFileSync(file, 'utf8');
  const whole = content.slice(0, content.lastIndexOf('\n') + 1);
  if (whole.length < content.length) truncateSync(file, Buffer.byteLength(whole));
  const past = whole
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => JSON.parse(line) as readonly KeptEvent[])
    .map((event) => ({ ...event, data: bytes(event.data), metadata: bytes(event.metadata) }));
  return {
    past,
    keep(events) {
      const kept = events.map((event): KeptEvent => ({
        ...event,
        data: text(event.data),
        metadata: text(event.metadata),
      }));
      writeSync(descriptor, `${JSON.stringify(kept)}\n`);
    },
    close: () => closeSync(descriptor),
  };
}
