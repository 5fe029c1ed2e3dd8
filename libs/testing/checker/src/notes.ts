import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What a load generator writes down, before it sends a command and when that is acknowledged. */
export type LoadNote =
  | { readonly is: 'sent'; readonly marker: string }
  | {
      readonly is: 'acknowledged';
      /** One of its kind: a text that the command puts into one event. */
      readonly marker: string;
      /** Of the answer: the log holds the event up to here. */
      readonly position: string;
    };

/** Adds a line to the file before it returns. */
export const note = (file: string, line: LoadNote): void => appendFileSync(file, `${JSON.stringify(line)}\n`);

/** All lines of the file; none where it does not exist. */
export const readNotes = (file: string): readonly LoadNote[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as LoadNote) // this file is written by `note` alone
    : [];
