// Functions that read untrusted JSON without a check at each step.

export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = Object.freeze({});

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the value if it is a JSON object, otherwise an empty one. */
export const record = (value: unknown): JsonRecord => (isRecord(value) ? value : EMPTY);

/** Returns the value if it is a list, otherwise an empty one. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the value if it is a string, otherwise undefined. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Returns the value if it is a number, otherwise undefined. */
export const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** Returns the value at a path of member names and list indices; undefined if it does not exist. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    here =
      typeof step === 'number'
        ? list(here)[step]
        : isRecord(here) && Object.hasOwn(here, step)
          ? here[step]
          : undefined;
  }
  return here;
}
