import { z } from 'zod';
import { inputErrorsOf } from './input-errors.ts';

const schema = z.strictObject({
  name: z.string(),
  count: z.int(),
  on: z.boolean(),
  tags: z.array(z.string()),
  more: z.strictObject({ deep: z.number() }).optional(),
});
const faults = (value: unknown) => {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? []
    : inputErrorsOf(schema, parsed.error, '/body').map(({ pointer, message }) => `${pointer} ${message}`);
};

describe('the errors of an input', () => {
  it('include missing members', () =>
    expect(faults({ count: 1, on: true })).toEqual(['/body/name is missing', '/body/tags is missing']));
  it('include wrong types, without the value', () =>
    expect(faults({ name: 5, count: 'secret', on: 'yes', tags: {}, more: { deep: null } })).toEqual([
      '/body/name must be a string, not a number',
      '/body/count must be a number, not a string',
      '/body/on must be true or false, not a string',
      '/body/tags must be a list, not an object',
      '/body/more/deep must be a number, not null',
    ]));
  it('include unknown members, with the nearest known name', () =>
    expect(faults({ name: 'a', count: 1, on: true, tags: [], mroe: {} })).toEqual([
      '/body/mroe is not a known field; did you mean more?',
    ]));
});

describe('use-S4: a large number of errors', () => {
  it.each([
    [
      'unknown members',
      {
        name: 'a',
        count: 1,
        on: true,
        tags: [],
        ...Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`m${n}`, n])),
      },
    ],
    ['wrong elements', { name: 'a', count: 1, on: true, tags: Array.from({ length: 5_000 }, (_, n) => n) }],
  ])('is limited to fifty: %s', (_what, value) => expect(faults(value)).toHaveLength(50));
});
