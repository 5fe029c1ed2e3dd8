import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Note of a load generator: written before it sends a command, and when the command is acknowledged. */
export type LoadNote =
  | { readonly is: 'sent'; readonly marker: string }
  | {
      readonly is: 'acknowledged';
      /** Unique text that the command writes to one event. */
      readonly marker: string;
      /** Position from the response. The event is at or before it. */
      readonly position: string;
    };

/** Appends a line to the file synchronously. */
export const note = (file: string, line: LoadNote): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

/** Returns all lines of the file. Empty if it does not exist. */
export const readNotes = (file: string): readonly LoadNote[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LoadNote) // only `note` writes this file
    : [];
