import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns a new empty folder, which is deleted after the tests of the calling file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'astro-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
