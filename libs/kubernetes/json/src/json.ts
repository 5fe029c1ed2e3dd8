// Ways to read what a server or a person sent, without asking at each step what it is.

export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = Object.freeze({});

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value when it is a JSON object, else an empty one: for reading what a server or a person sent. */
export const record = (value: unknown): JsonRecord => (isRecord(value) ? value : EMPTY);

/** The value when it is a list, else an empty one. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The value when it is a string, else undefined. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The value when it is a number, else undefined. */
export const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** What lies at a path of member names (numbers reach into lists), or undefined. */
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
