import { z } from 'zod';
import { parseInput } from './input.ts';

const pointers = (schema: z.ZodType, input: unknown) => {
  const parsed = parseInput(schema, input);
  return parsed.ok ? [] : parsed.error.errors?.map(({ pointer }) => pointer);
};

describe('input', () => {
  const schema = z.object({
    list: z.array(z.object({ a: z.string().optional() })).default([]),
    either: z
      .union([z.object({ kind: z.literal('x'), x: z.number() }), z.object({ kind: z.literal('y'), y: z.number() })])
      .optional(),
    told: z
      .discriminatedUnion('kind', [z.object({ kind: z.literal('x'), deep: z.object({ n: z.number() }).optional() })])
      .optional(),
    free: z.looseObject({ a: z.string() }).optional(),
    any: z.record(z.string(), z.object({ v: z.number() })).optional(),
  });

  it('rejects unknown members at every depth', () => {
    expect(pointers(schema, { extra: 1 })).toEqual(['/extra']);
    expect(pointers(schema, { list: [{ a: 'x' }, { b: 1 }] })).toEqual(['/list/1/b']);
    expect(pointers(schema, { told: { kind: 'x', deep: { n: 1, 'a/b~c': 2 } } })).toEqual(['/told/deep/a~1b~0c']);
    expect(pointers(schema, { any: { k: { v: 1, w: 2 } } })).toEqual(['/any/k/w']);
    expect(parseInput(schema, { either: { kind: 'x', x: 1, y: 2 } }).ok).toBe(false);
  });

  it('contains what the schema allows, with defaults applied', () => {
    expect(parseInput(schema, { free: { a: 'x', more: 1 } })).toEqual({
      ok: true,
      value: { list: [], free: { a: 'x', more: 1 } },
    });
  });

  it('is checked by refinements of the objects that are made strict', () => {
    const refined = z
      .object({ from: z.number(), to: z.number() })
      .refine(({ from, to }) => from <= to, 'from is after to');
    expect(parseInput(refined, { from: 2, to: 1 })).toMatchObject({
      ok: false,
      error: { errors: [{ pointer: '', message: 'from is after to' }] },
    });
  });

  it('C6: rejects invalid, fractional, and out-of-range numbers, with the pointer', () => {
    const replicas = z.object({ replicas: z.number().int().min(0).max(1_000) });
    for (const wrong of ['1', -1, 1e9, 2 ** 53 + 1, 0.5, null, Number.NaN, Number.POSITIVE_INFINITY])
      expect(new Set(pointers(replicas, { replicas: wrong }))).toEqual(new Set(['/replicas']));
  });

  it('reports only the first twenty faults', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n]));
    expect(pointers(z.object({}), many)).toHaveLength(20);
  });
});
