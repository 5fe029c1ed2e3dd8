import { renameSync, writeFileSync } from 'node:fs';

/** Writes a small file for its owner alone (0600). A process killed meanwhile leaves the old file or none, never half of one. */
export function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.draft`, text, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}
