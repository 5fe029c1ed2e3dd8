/** Maximum bytes of UTF-8 JSON of one item, the same on every engine. */
export const ITEM_BYTES = 900 * 1024;
/** Number of dead letters that each queue keeps. */
export const MAX_DEAD_LETTERS = 200;

const REASON_CHARACTERS = 500;
const KEY = /^[\x21-\x7e]{1,200}$/;
const SUBJECT = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/;

/** Thrown if the item is larger than the limit. Nothing is stored. */
class WorkItemTooLargeError extends Error {
  readonly code = 'work-queue/item-too-large';
}

/** @throws WorkItemTooLargeError above ITEM_BYTES */
export function encodeItem(item: unknown): string {
  const text = JSON.stringify(item);
  if (text === undefined) throw new RangeError('an item of work is a JSON value');
  const bytes = Buffer.byteLength(text);
  if (bytes > ITEM_BYTES)
    throw new WorkItemTooLargeError(`An item of work has ${bytes} bytes; a work queue takes at most ${ITEM_BYTES}.`);
  return text;
}

/** @throws RangeError for an invalid deduplication key; valid keys have 1 to 200 visible ASCII characters */
export function checkDeduplicationKey(key: string): void {
  if (!KEY.test(key)) throw new RangeError('a deduplication key has 1 to 200 visible ASCII characters');
}

/**
 * @throws RangeError for an invalid subject; valid subjects are words of lower-case letters, digits, and `-`, separated
 * by dots
 */
export function checkSubject(subject: string): void {
  if (!SUBJECT.test(subject)) throw new RangeError(`${JSON.stringify(subject)} is not a subject of a work queue`);
}

/** Shortens the reason of a dead letter to one line of limited length. */
export const shortReason = (reason: string): string => reason.replace(/[\p{Cc}]+/gu, ' ').slice(0, REASON_CHARACTERS);
