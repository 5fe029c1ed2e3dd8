import { apiError, isTransient, warningsOf, withoutValues } from './status.ts';

const response = (status: number, body: string, headers: Record<string, string> = {}) =>
  apiError({ status, body, headers });

describe('an error response', () => {
  it('for an unknown path is distinguished from a missing object', () => {
    expect(response(404, '404 page not found')).toMatchObject({ reason: 'UnknownType' });
    expect(
      response(
        404,
        JSON.stringify({
          kind: 'Status',
          code: 404,
          reason: 'NotFound',
          message: 'the server could not find the requested resource',
        }),
      ),
    ).toMatchObject({
      reason: 'UnknownType',
    });
    expect(
      response(
        404,
        JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'configmaps "a" not found' }),
      ),
    ).toMatchObject({ reason: 'NotFound' });
  });

  it('keeps causes and retryAfterSeconds', () => {
    const body = JSON.stringify({
      kind: 'Status',
      code: 422,
      reason: 'Invalid',
      message: 'm',
      details: { retryAfterSeconds: 3, causes: [{ reason: 'FieldValueInvalid', field: 'spec.a', message: 'x' }] },
    });
    expect(response(422, body)).toMatchObject({
      status: 422,
      causes: [{ reason: 'FieldValueInvalid', field: 'spec.a', message: 'x' }],
      retryAfterSeconds: 3,
    });
    expect(response(429, '', { 'retry-after': '7' })).toMatchObject({ retryAfterSeconds: 7 });
    expect(response(429, '', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }).retryAfterSeconds).toBeUndefined();
  });

  it('for an eviction that a budget forbids is not a rate limit', () => {
    expect(
      isTransient(
        response(
          429,
          JSON.stringify({
            kind: 'Status',
            code: 429,
            message: 'm',
            details: { causes: [{ reason: 'DisruptionBudget' }] },
          }),
        ),
      ),
    ).toBe(false);
    expect(isTransient(response(429, ''))).toBe(true);
  });
});

describe("E16: a server's message", () => {
  it.each([
    [
      'Secret "a" is invalid: data[x]: Invalid value: "hunter2": must be short',
      'Secret "a" is invalid: data[x]: Invalid value: must be short',
    ],
    ['spec: Invalid value: {"a":"hunter2","b":{"c":1}}: field is immutable', 'spec: Invalid value: field is immutable'],
    ['spec: Invalid value: core.PodSpec{Password:"hunter2"}: no', 'spec: Invalid value: no'],
    ['a: Invalid value: "say \\"hunter2\\" now": no', 'a: Invalid value: no'],
    [
      '.spec.x: expected string, got &value.valueUnstructured{Value:hunter2}',
      '.spec.x: expected string, got another type',
    ],
    ['a: Unsupported value: "hunter2": supported values: "b"', 'a: Unsupported value: supported values: "b"'],
  ])('omits quoted values: %s', (message, expected) => expect(withoutValues(message)).toBe(expected));
});

it('warnings are parsed separately', () =>
  expect(warningsOf({ warning: '299 - "first, \\"one\\"", 299 - "second"' })).toEqual(['first, "one"', 'second']));
