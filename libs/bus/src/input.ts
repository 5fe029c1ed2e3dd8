import { inputErrorsOf, pointer } from '#bus/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { z } from 'zod';
import { busErrors } from './errors.ts';

/** Maximum number of reported faults. */
const FAULTS_SHOWN = 20;

const strictOf = new WeakMap<z.ZodType, z.ZodType>();

/**
 * Returns the same schema, with unknown members rejected at every depth. Objects that declare how to handle further
 * members (`z.looseObject`, `.catchall`) are unchanged.
 */
export function strictly(schema: z.ZodType): z.ZodType {
  const known = strictOf.get(schema);
  if (known) return known;
  const made = rebuild(schema);
  strictOf.set(schema, made);
  return made;
}

// zod's definitions are typed per class. This walks them by `type`, which determines their members.
type Definition = { readonly type: string } & Readonly<Record<string, unknown>>;

function rebuild(schema: z.ZodType): z.ZodType {
  const definition = schema._zod.def as unknown as Definition;
  const inner = (name: string): z.ZodType => strictly(definition[name] as z.ZodType);
  const all = (name: string): z.ZodType[] => (definition[name] as z.ZodType[]).map(strictly);
  const copy = (changes: object): z.ZodType =>
    z.clone(schema, { ...definition, ...changes } as unknown as z.ZodType['_zod']['def']);
  switch (definition.type) {
    case 'object': {
      const shape = Object.fromEntries(
        Object.entries(definition['shape'] as Record<string, z.ZodType>).map(([name, member]) => [
          name,
          strictly(member),
        ]),
      );
      return copy({ shape, catchall: definition['catchall'] ?? z.never() });
    }
    case 'array':
      return copy({ element: inner('element') });
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return copy({ innerType: inner('innerType') });
    case 'union':
      return copy({ options: all('options') });
    case 'tuple':
      return copy({ items: all('items') });
    case 'record':
      return copy({ valueType: inner('valueType') });
    case 'pipe':
      return copy({ in: inner('in') });
    case 'lazy': {
      const getter = definition['getter'] as () => z.ZodType;
      return copy({ getter: () => strictly(getter()) });
    }
    default:
      return schema;
  }
}

/**
 * Parses the input of a caller. Returns `request/invalid` with JSON pointers for unknown members, wrong types, and NUL
 * in any string, which stores and terminals do not accept.
 *
 * @param json the same input as JSON, if available, to search for NUL faster
 */
export function parseInput(
  schema: z.ZodType,
  input: unknown,
  json: string = JSON.stringify(input) ?? 'null',
): Result<unknown, DomainError> {
  if (json.includes('\\u0000')) {
    const at = findNul(input);
    if (at) return err(busErrors.invalidInput([{ pointer: pointer('', at), message: 'contains a NUL character' }]));
  }
  const strict = strictly(schema);
  const parsed = strict.safeParse(input);
  return parsed.success
    ? ok(parsed.data)
    : err(busErrors.invalidInput(inputErrorsOf(strict, parsed.error).slice(0, FAULTS_SHOWN)));
}

/** Returns the path of the first NUL in a string or in a member's name. */
function findNul(value: unknown): string[] | undefined {
  if (typeof value === 'string') return value.includes('\0') ? [] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (key.includes('\0')) return [];
    const found = findNul(member);
    if (found) return [key, ...found];
  }
  return undefined;
}
