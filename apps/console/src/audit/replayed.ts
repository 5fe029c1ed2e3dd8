import type { ReplayedObject } from '#audit/contract';

type Values = Readonly<Record<string, unknown>>;

/** Returns the objects of a kind, as the log says that they were. */
export const ofKind = (objects: readonly ReplayedObject[], kind: ReplayedObject['kind']): readonly Values[] =>
  objects.filter((object) => object.kind === kind).map(({ id, value }) => ({ id, ...value }));

/** Returns a member of a replayed object as text; objects as `name value` pairs, and nothing for null. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value === 'object')
    return Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => `${name} ${textOf(member)}`)
      .join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Returns the state of a key at a time, as lists of keys show it. */
export function keyState({ revokedAt, worksUntil, expiresAt }: Values, timeMs: number): string {
  if (typeof revokedAt === 'string') return 'REVOKED';
  if (typeof expiresAt === 'string' && Date.parse(expiresAt) <= timeMs) return 'EXPIRED';
  if (typeof worksUntil === 'string') return Date.parse(worksUntil) <= timeMs ? 'EXPIRED' : 'ROTATED';
  return 'ACTIVE';
}
