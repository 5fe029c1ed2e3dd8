import { sealedEventSchema, type AuditHead } from '#audit/contract';
import { err, ok, type Result } from '#kernel';
import {
  eventHash,
  GrowingTree,
  isConsistent,
  isIncluded,
  isSame,
  isSignedBy,
  leafHash,
  parseCheckpoint,
  parseNote,
  type Checkpoint,
  type VerifierKey,
} from '#transparency';
import { z } from 'zod';

/** First line of an export. */
export const exportHeader = z.strictObject({
  format: z.literal('astro-audit/1'),
  organizationId: z.string(),
  origin: z.string(),
  size: z.number().int().nonnegative(),
  /** Whether the export has every event up to the size. Otherwise each line has its own proof. */
  complete: z.boolean(),
});
export type ExportHeader = z.infer<typeof exportHeader>;

const hash = z.base64().max(64);
/** A line of an export between the first and the last one. */
const exportLine = z.strictObject({
  index: z.number().int().nonnegative(),
  event: sealedEventSchema,
  previousHash: z.string().max(64).optional(),
  proof: z.array(hash).max(64).optional(),
});
const exportEnd = z.strictObject({ note: z.string() });

/** A proof of one event, as `audit prove` prints it. */
const eventProof = z.object({
  head: z.object({ note: z.string() }),
  inclusion: z.object({ event: sealedEventSchema, index: z.number().int(), proof: z.array(hash).max(64) }),
});

/** What was verified, or the first fault: one sentence. */
export type Verdict = Result<{ readonly events: number; readonly checkpoint: Checkpoint }, string>;

/** The file is not what it should be, so that nothing can be said about the log. */
export class UnreadableFileError extends Error {}

/**
 * Returns the checkpoint of a note that one of the keys has signed.
 *
 * @param note in the signed-note format
 */
export function signedCheckpoint(note: string, keys: readonly VerifierKey[]): Result<Checkpoint, string> {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!checkpoint) return err('The head is not a checkpoint.');
  return keys.some((key) => key.name === checkpoint.origin && isSignedBy(parsed, key))
    ? ok(checkpoint)
    : err(`The head of ${checkpoint.origin} is not signed by ${keys.length === 1 ? 'this key' : 'these keys'}.`);
}

/** Verifies that an event is in the log of a signed head. The chain of the event's stream is not checked. */
export function verifyEvent(text: string, keys: readonly VerifierKey[]): Verdict {
  const { head, inclusion } = parsed(eventProof, text);
  const checkpoint = signedCheckpoint(head.note, keys);
  if (!checkpoint.ok) return checkpoint;
  const { event, index, proof } = inclusion;
  if (!isIncluded(leafOf(event.hash), index, checkpoint.value, proof.map(bytes)))
    return err(`The event at position ${event.position} is not event ${index} of the log of this head.`);
  return ok({ events: 1, checkpoint: checkpoint.value });
}

/** Verifies that the log of a head extends the log of an earlier one. */
export function verifyExtension(
  older: Checkpoint,
  newer: AuditHead,
  keys: readonly VerifierKey[],
  proof: readonly string[],
): Verdict {
  const checkpoint = signedCheckpoint(newer.note, keys);
  if (!checkpoint.ok) return checkpoint;
  if (checkpoint.value.size < older.size)
    return err(`The newest head has ${checkpoint.value.size} events, and the earlier one has ${older.size}.`);
  return isConsistent(older, checkpoint.value, proof.map(bytes))
    ? ok({ events: checkpoint.value.size, checkpoint: checkpoint.value })
    : err(`The log does not extend the earlier head: the first ${older.size} events are not the same.`);
}

/**
 * Verifies an export: the hash of each event and the chain of its stream, the tree of all events or the proof of each,
 * and the signature of the head.
 *
 * @param lines of the export, read once; memory grows with the number of streams
 * @param against an earlier head, which a complete export must extend
 * @throws UnreadableFileError
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  keys: readonly VerifierKey[],
  against?: Checkpoint,
): Promise<Verdict> {
  let header: ExportHeader | undefined;
  let note: string | undefined;
  const tree = new GrowingTree();
  const chains = new Map<string, { readonly revision: number; readonly hash: string }>();
  const proofs: z.infer<typeof exportLine>[] = [];
  let events = 0;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line === '') continue;
    if (note !== undefined) throw new UnreadableFileError(`Line ${number} is after the head, which is the last line.`);
    if (header === undefined) {
      header = parsed(exportHeader, line, number);
      continue;
    }
    if (line.startsWith('{"note":')) {
      ({ note } = parsed(exportEnd, line, number));
      continue;
    }
    const entry = parsed(exportLine, line, number);
    const { event, index } = entry;
    const place = `${event.stream} revision ${event.revision} at position ${event.position}`;
    const last = chains.get(event.stream);
    const previous = last?.revision === event.revision - 1 ? last.hash : (entry.previousHash ?? '');
    if (
      (last && last.revision >= event.revision) ||
      (entry.previousHash !== undefined && entry.previousHash !== previous)
    )
      return err(`The chain is broken at ${place}.`);
    const { hash: stated, position: _, ...sealed } = event;
    if (event.organizationId !== header.organizationId || eventHash(previous, withoutAbsent(sealed)) !== stated)
      return err(`The event is not what was recorded: ${place}.`);
    chains.set(event.stream, { revision: event.revision, hash: stated });
    events += 1;
    if (!header.complete) {
      proofs.push(entry);
      continue;
    }
    if (index !== tree.size) return err(`Event ${tree.size} is missing before ${place}.`);
    tree.add(leafOf(stated));
    if (tree.size === against?.size && !isSame(tree.root(), against.root))
      return err(`The first ${against.size} events are not those of the earlier head; the last of them is ${place}.`);
  }
  if (header === undefined || note === undefined)
    throw new UnreadableFileError('The export has no head in its last line.');
  const checkpoint = signedCheckpoint(note, keys);
  if (!checkpoint.ok) return checkpoint;
  const { size, origin } = checkpoint.value;
  if (origin !== header.origin || size !== header.size) return err('The head is not that of this export.');
  for (const { event, index, proof = [] } of proofs)
    if (!isIncluded(leafOf(event.hash), index, checkpoint.value, proof.map(bytes)))
      return err(`The event at position ${event.position} is not event ${index} of the log of this head.`);
  if (header.complete && (tree.size !== size || !isSame(tree.root(), checkpoint.value.root)))
    return err(`The ${tree.size} events of the export are not the ${size} that the head signed.`);
  if (against && against.size > size)
    return err(`The export has ${size} events, and the earlier head has ${against.size}.`);
  return ok({ events, checkpoint: checkpoint.value });
}

function parsed<T>(schema: z.ZodType<T>, text: string, line?: number): T {
  const where = line === undefined ? 'The file' : `Line ${line}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableFileError(`${where} is not JSON.`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UnreadableFileError(
    `${where} is not a line of an audit export: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
}

/** zod gives absent members as undefined, which the canonical form must not contain. */
function withoutAbsent(event: Omit<z.infer<typeof sealedEventSchema>, 'hash' | 'position'>) {
  const { organizationId, ...rest } = event;
  return { ...rest, ...(organizationId !== undefined && { organizationId }) };
}

const leafOf = (eventHash: string) => leafHash(Buffer.from(eventHash, 'hex'));
const bytes = (base64: string) => Buffer.from(base64, 'base64');
