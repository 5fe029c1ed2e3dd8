import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Contract } from '#bus/contract';

/** A contract found in the sources. */
interface FoundContract {
  readonly contract: Contract;
  /** Folder below `libs/`, such as `organizations`. */
  readonly context: string;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');

const isContract = (value: unknown): value is Contract =>
  typeof value === 'object' &&
  value !== null &&
  'subject' in value &&
  'kind' in value &&
  (value.kind === 'request' || value.kind === 'stream');

/**
 * Returns all contracts in the sources, whether or not an index exports them, so that new ones are tested and
 * documented automatically.
 */
export async function everyContract(): Promise<readonly FoundContract[]> {
  const found = new Map<string, FoundContract>();
  for (const file of globSync('libs/*/contract/src/*.contract.ts', { cwd: root }).toSorted()) {
    const context = file.split(/[/\\]/)[1] ?? '';
    const exported = (await import(join(root, file))) as Readonly<Record<string, unknown>>;
    for (const contract of Object.values(exported).flat().filter(isContract))
      found.set(contract.subject, { contract, context });
  }
  return [...found.values()];
}
