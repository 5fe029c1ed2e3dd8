import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Contract } from '#bus/contract';

/** A contract as the sources have it. */
interface FoundContract {
  readonly contract: Contract;
  /** Folder below `libs/`: `organizations`. */
  readonly context: string;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');

const isContract = (value: unknown): value is Contract =>
  typeof value === 'object' &&
  value !== null &&
  'subject' in value &&
  'kind' in value &&
  (value.kind === 'request' || value.kind === 'stream');

/** Every contract in the sources, so that a new one is tested and documented without being named; whatever an index exports. */
export async function everyContract(): Promise<readonly FoundContract[]> {
  const found = new Map<string, FoundContract>();
  for (const file of globSync('libs/*/contract/src/*.contract.ts', { cwd: root }).toSorted()) {
    const context = file.split(/[/\\]/)[1] ?? '';
    const exported = (await import(join(root, file))) as Readonly<Record<string, unknown>>;
    for (const contract of Object.values(exported).filter(isContract))
      found.set(contract.subject, { contract, context });
  }
  return [...found.values()];
}
