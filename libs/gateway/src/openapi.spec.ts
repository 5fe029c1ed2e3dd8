import { openApiOf } from '#http';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { ROUTED_CONTRACTS } from './routed-contracts.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema: { readonly pattern?: string } }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: {
    readonly [status: string]: { readonly headers?: { readonly [name: string]: { readonly schema: object } } };
  };
}

const description = JSON.parse(
  JSON.stringify(openApiOf(ROUTED_CONTRACTS, { title: 'Astro Platform', version: '1', url: 'https://astro.example' })),
) as { readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } } };
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);
const manifests = ['applications', 'profiles', 'clusters'].map((list) => `PUT /v1/organizations/{org}/${list}/{name}`);

describe('use-E2: the OpenAPI document', () => {
  it('passes the recommended rules of Redocly', async () => {
    const config = await createConfig({
      extends: ['recommended'],
      rules: {
        'operation-4xx-response': 'off', // `default` describes the problem document of every error
        'no-server-example.com': 'off', // the address that tests use
      },
    });
    const problems = await lintFromString({ source: JSON.stringify(description), config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual(
      [],
    );
  });

  it('has a pattern for each header and cursor', () => {
    const open = operations.flatMap(({ name, operation }) => [
      ...(operation.parameters ?? [])
        .filter((parameter) => /^[A-Z]|^cursor$/.test(parameter.name) && parameter.schema.pattern === undefined)
        .map((parameter) => `${name}: ${parameter.name}`),
      ...Object.values(operation.responses).flatMap(({ headers = {} }) =>
        Object.entries(headers)
          .filter(([header, { schema }]) => header !== 'Location' && !('pattern' in schema))
          .map(([header]) => `${name}: ${header}`),
      ),
    ]);
    expect(open).toEqual([]);
  });
});

describe('use-E1: the OpenAPI document', () => {
  it.each(manifests)('describes the body of %s, and the statuses 200 and 201', (wanted) => {
    const operation = operations.find(({ name }) => name === wanted)?.operation;
    expect(Object.keys(operation?.responses ?? {}).toSorted()).toEqual(['200', '201', 'default']);
    const body = JSON.stringify(operation?.requestBody?.content['application/json'].schema);
    expect(body).toContain('"apiVersion"');
    expect(body.length).toBeGreaterThan(500);
  });

  it('has a schema for every body and response', () => {
    const isOpen = (schema: object | undefined): boolean => schema !== undefined && Object.keys(schema).length === 0;
    expect(
      operations
        .filter(({ operation }) => isOpen(operation.requestBody?.content['application/json'].schema))
        .map(({ name }) => name),
    ).toEqual([]);
  });
});
