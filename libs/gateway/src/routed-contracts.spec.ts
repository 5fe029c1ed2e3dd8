import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiOf } from '#http';
import { everyContract } from '#testing/contracts';
import { z } from 'zod';
import { ROUTED_CONTRACTS } from './routed-contracts.ts';

const found = await everyContract();
const routes = ROUTED_CONTRACTS.map(({ route }) => String(route)).toSorted();

/** Returns the operations in OpenAPI, such as `GET /v1/me`. */
function describedRoutes(): string[] {
  const { paths } = JSON.parse(JSON.stringify(openApiOf(ROUTED_CONTRACTS, { title: 't', version: '1' }))) as {
    paths: Record<string, Record<string, object>>;
  };
  const methods = new Set(['get', 'post', 'put', 'patch', 'delete']);
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((name) => methods.has(name))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Lists without pages, bounded by the source code or by what a single object contains. */
const UNPAGED_LISTS = [
  'billing.v1.plans.list',
  'deployments.v1.tiers.list',
  'deployments.v1.applications.resources',
  'deployments.v1.applications.top',
  'deployments.v1.secrets.list',
  'deployments.v1.webhooks.list',
];

describe('use-L5: every list has pages', () => {
  const hasMember = (schema: z.ZodType, name: string): boolean => schema instanceof z.ZodObject && name in schema.shape;
  const lists = ROUTED_CONTRACTS.filter(
    ({ kind, output, subject }) => kind === 'request' && hasMember(output, 'items') && !UNPAGED_LISTS.includes(subject),
  );

  it('finds the lists', () => expect(lists.length).toBeGreaterThan(7));

  it.each(lists.map((contract) => [String(contract.route), contract] as const))('is paged: %s', (_route, contract) => {
    expect([hasMember(contract.input, 'limit'), hasMember(contract.input, 'cursor')]).toEqual([true, true]);
    expect(hasMember(contract.output, 'next')).toBe(true);
  });

  it('exempts only lists that exist', () =>
    expect(
      UNPAGED_LISTS.filter((subject) => !ROUTED_CONTRACTS.some((contract) => contract.subject === subject)),
    ).toEqual([]));
});

describe('use-E4: the routes of the gateway', () => {
  it('are in the list of their context, each once', () => {
    const listed = new Set(ROUTED_CONTRACTS.map(({ subject }) => subject));
    const forgotten = found.flatMap(({ contract: { route, subject }, context }) =>
      route !== undefined && !listed.has(subject)
        ? [`add ${subject} (${route}) to libs/${context}/api/src/rest.ts`]
        : [],
    );
    expect(forgotten).toEqual([]);
    expect(listed.size).toBe(ROUTED_CONTRACTS.length);
  });

  it('are contracts with a route', () =>
    expect(ROUTED_CONTRACTS.filter(({ route }) => route === undefined).map(({ subject }) => subject)).toEqual([]));

  it('are described in OpenAPI', () => expect(describedRoutes().toSorted()).toEqual(routes));

  it('are in the reference', () => {
    const reference = readFileSync(join(import.meta.dirname, '../../../docs/reference/rest.md'), 'utf8');
    const documented = [...reference.matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map(([, route]) => route);
    expect(documented.toSorted()).toEqual(routes);
  });
});
