import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { userEvents, type UserEvent } from '#access';
import type { EventStore, SealedEvent } from '#event-store';
import { reasonOf } from '#files';
import { idOf } from '#kernel';
import { z } from 'zod';
import { BackupError } from './backup-error.ts';
import { line } from './format.ts';
import { linesIn, readBackup } from './read-backup.ts';

/** Times at which people were erased (RFC 3339), by the ID of the user. */
export type Erasures = Map<string, string>;

const erasureSchema = z.strictObject({
  userId: z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
  erasedAt: z.iso.datetime(),
});

const ERASED: UserEvent['type'] = 'user.erased.v1';
const [CATEGORY] = userEvents.categories;

/** Returns the line of one erasure, in a list or in a file of its own. */
export const erasureLine = (userId: string, erasedAt: string): string => line({ userId, erasedAt });

/** Adds the erasure that an event records; other events are ignored. */
export function addErasure(erasures: Erasures, { type, stream, recordedAt, data }: SealedEvent): void {
  if (type !== ERASED || !stream.startsWith(`${CATEGORY}-`)) return;
  const at = typeof data === 'object' && data !== null && 'at' in data ? data.at : undefined;
  erasures.set(idOf(stream), typeof at === 'string' ? at : recordedAt);
}

/** Returns all erasures that a log records. */
export async function erasuresIn(eventStore: EventStore): Promise<Erasures> {
  const erasures: Erasures = new Map();
  for await (const event of eventStore.readAll()) addErasure(erasures, event);
  return erasures;
}

/**
 * Reads erasures from a list, from a backup, or from a folder of lists (`*.json`).
 *
 * @throws BackupError if the path does not exist, or contains anything else
 */
export async function readErasures(path: string): Promise<Erasures> {
  const erasures: Erasures = new Map();
  for (const file of filesAt(path)) {
    let number = 0;
    for await (const bytes of linesIn(file)) {
      number += 1;
      if (number === 1 && bytes.includes('"format"')) {
        for await (const item of readBackup(file)) if ('event' in item) addErasure(erasures, item.event);
        break;
      }
      const { userId, erasedAt } = parsed(bytes, file, number);
      erasures.set(userId, erasedAt);
    }
  }
  return erasures;
}

function filesAt(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith('.json'));
    return names.map((name) => join(path, name));
  } catch (error) {
    throw new BackupError(`The list of erasures ${path} cannot be read (${reasonOf(error)}).`, { cause: error });
  }
}

function parsed(bytes: Buffer, file: string, number: number): z.infer<typeof erasureSchema> {
  try {
    return erasureSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new BackupError(
      `Line ${number} of ${file} is not an erasure; expected a file of npm run admin:erasures, the folder erasures of ASTRO_AUDIT_SINK, or a later backup.`,
      { cause },
    );
  }
}
