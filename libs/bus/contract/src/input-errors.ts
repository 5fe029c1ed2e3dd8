import { nearestName, type InputError } from '#kernel';
import { z } from 'zod';

/** Maximum number of reported errors. */
const MAX_ERRORS = 50;

/**
 * Returns the errors of an input, at most 50, each with a message that says what to change; for an unknown member, with
 * the nearest known name. Values are never included, because they may be secrets.
 *
 * @param prefix JSON pointer of the parsed value in the request
 */
export function inputErrorsOf(schema: z.ZodType, error: z.ZodError, prefix = ''): InputError[] {
  return error.issues
    .slice(0, MAX_ERRORS)
    .flatMap((issue) => errorsOfIssue(schema, issue, prefix))
    .slice(0, MAX_ERRORS);
}

function errorsOfIssue(schema: z.ZodType, issue: z.core.$ZodIssue, prefix: string): InputError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownNames(schema, path);
    return issue.keys.slice(0, MAX_ERRORS).map((key) => {
      const nearest = nearestName(key, known);
      return {
        pointer: pointer(prefix, [...path, key]),
        message: `is not a known field${nearest ? `; did you mean ${nearest}?` : ''}`,
        unknownField: nearest ? { nearest } : {},
      };
    });
  }
  if (issue.code === 'invalid_union') {
    const first = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0];
    if (first?.[0])
      return first
        .slice(0, MAX_ERRORS)
        .flatMap((inner) => errorsOfIssue(schema, { ...inner, path: [...issue.path, ...inner.path] }, prefix));
  }
  return [{ pointer: pointer(prefix, path), message: plain(issue.message) }];
}

/** Display names of types. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

/** Converts zod's message about a wrong type, for people who do not know the schema. */
function plain(message: string): string {
  const [, expected = '', received = ''] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (received === '') return message;
  return received === 'undefined'
    ? 'is missing'
    : `must be ${TYPES[expected] ?? expected}, not ${TYPES[received] ?? received}`;
}

const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));

/** Returns a JSON pointer (RFC 6901) to `path` below `prefix`. */
export const pointer = (prefix: string, path: readonly string[]): string =>
  prefix + path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Returns the names of members that `schema` has at `path`; empty if it declares no names. */
function knownNames(schema: z.ZodType, path: readonly string[]): string[] {
  return [...new Set(objectsAt(schema, path).flatMap((shape) => Object.keys(shape)))];
}

type Shape = Readonly<Record<string, z.core.$ZodType>>;

function objectsAt(schema: z.core.$ZodType, path: readonly string[]): Shape[] {
  return schemasAt(schema, path).flatMap(({ _zod }) => ('shape' in _zod.def ? [_zod.def.shape as Shape] : [])); // only an object's definition has a shape
}

/** Returns the innermost schemas at `path`, inside wrappers (optional, default, union, pipe, lazy). */
function schemasAt(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType[] {
  const { def } = schema._zod as {
    def: z.core.$ZodTypeDef &
      Partial<Record<'innerType' | 'in' | 'element' | 'valueType', z.core.$ZodType>> & {
        options?: readonly z.core.$ZodType[];
        shape?: Shape;
        getter?: () => z.core.$ZodType;
      };
  };
  if (def.innerType) return schemasAt(def.innerType, path);
  if (def.in) return schemasAt(def.in, path);
  if (def.getter) return schemasAt(def.getter(), path);
  if (def.options) return def.options.flatMap((option) => schemasAt(option, path));
  const [step, ...rest] = path;
  if (step === undefined) return [schema];
  const next = def.shape?.[step] ?? def.element ?? def.valueType;
  return next ? schemasAt(next, rest) : [];
}

/**
 * Returns whether only a string is allowed at `path`. A plain YAML scalar is then its text, even if it looks like a
 * number.
 */
export function expectsText(schema: z.ZodType, path: readonly string[]): boolean {
  const leaves = schemasAt(schema, path).map(({ _zod }) => _zod.def.type);
  return (
    leaves.includes('string') &&
    leaves.every((type) => type === 'string' || type === 'undefined' || type === 'literal' || type === 'enum')
  );
}
