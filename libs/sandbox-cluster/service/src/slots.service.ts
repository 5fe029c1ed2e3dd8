import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder, writePrivateFile } from '#files';

/** Number of slots. Each is a thread with its own port and memory; further sandboxes share them. */
const SLOTS = 4;

/** Organization ids that are safe as folder names. */
const ORGANIZATION_ID = /^[0-9a-zA-Z-]{1,64}$/;

const fileOf = (clusters: string, organizationId: string): string => join(clusters, organizationId, 'slot');

/**
 * Returns the slot of an organization's sandbox, or undefined if it has no valid one.
 * @param clusters folder that contains a folder for each organization
 */
export function slotOf(clusters: string, organizationId: string): number | undefined {
  if (!ORGANIZATION_ID.test(organizationId)) return undefined;
  return wholeNumberIn(fileOf(clusters, organizationId), SLOTS - 1);
}

/**
 * Assigns the least used slot to a sandbox permanently, so that addresses in kubeconfigs stay valid.
 * @returns the slot
 */
export function takeSlot(clusters: string, organizationId: string): number {
  if (!ORGANIZATION_ID.test(organizationId)) throw new RangeError('not the id of an organization');
  const taken = takenSlots(clusters);
  const sizes = Array.from({ length: SLOTS }, (_, slot) => taken.filter((other) => other === slot).length);
  const slot = sizes.indexOf(Math.min(...sizes));
  makePrivateFolder(join(clusters, organizationId));
  writePrivateFile(fileOf(clusters, organizationId), String(slot));
  return slot;
}

/**
 * Reads a whole number from 0 to `most` from a file.
 * @returns undefined if the file is missing or contains anything else
 */
export function wholeNumberIn(file: string, most: number): number | undefined {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return /^\d{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** Returns the slots of all sandboxes on disk, one entry for each sandbox. */
export function takenSlots(clusters: string): readonly number[] {
  return existsSync(clusters)
    ? readdirSync(clusters).flatMap((organizationId) => slotOf(clusters, organizationId) ?? [])
    : [];
}
