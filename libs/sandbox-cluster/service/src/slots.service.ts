import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder, writePrivateFile } from '#files';

/** Each is a thread with a port of its own, and costs the memory of a thread; sandboxes beyond so many share them. */
const SLOTS = 4;

/** An id that may be the name of a folder. */
const ORGANIZATION_ID = /^[0-9a-zA-Z-]{1,64}$/;

const fileOf = (clusters: string, organizationId: string): string => join(clusters, organizationId, 'slot');

/**
 * Which slot an organization's sandbox lives in; undefined while it has none, or one that is not a slot.
 * @param clusters folder with a folder for each organization
 */
export function slotOf(clusters: string, organizationId: string): number | undefined {
  if (!ORGANIZATION_ID.test(organizationId)) return undefined;
  return wholeNumberIn(fileOf(clusters, organizationId), SLOTS - 1);
}

/** Gives a sandbox the slot that has the fewest, for good: addresses in kubeconfigs stay right. @returns it */
export function takeSlot(clusters: string, organizationId: string): number {
  if (!ORGANIZATION_ID.test(organizationId)) throw new RangeError('not the id of an organization');
  const taken = takenSlots(clusters);
  const sizes = Array.from({ length: SLOTS }, (_, slot) => taken.filter((other) => other === slot).length);
  const slot = sizes.indexOf(Math.min(...sizes));
  makePrivateFolder(join(clusters, organizationId));
  writePrivateFile(fileOf(clusters, organizationId), String(slot));
  return slot;
}

/** The number from 0 to `most` that a file holds; undefined without the file, and for anything else in it. */
export function wholeNumberIn(file: string, most: number): number | undefined {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return /^\d{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** The slots of all sandboxes on disk, one entry each. */
export function takenSlots(clusters: string): readonly number[] {
  return existsSync(clusters)
    ? readdirSync(clusters).flatMap((organizationId) => slotOf(clusters, organizationId) ?? [])
    : [];
}
