/** JSON from a server, whose shape is not trusted. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = Object.freeze({});

/** Returns the value if it is an object, otherwise an empty object. */
export const record = (value: unknown): JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : EMPTY;
/** Returns the value if it is an array, otherwise an empty array. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** Returns the value if it is a string. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
/** Returns the value if it is a finite number. */
export const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Returns the value at a path of member names, or undefined. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const step of path) {
    const inside = record(here);
    here = Object.hasOwn(inside, step) ? inside[step] : undefined;
  }
  return here;
}
