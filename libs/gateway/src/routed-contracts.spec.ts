import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiOf } from '#http';
import { everyContract } from '#testing/contracts';
import { ROUTED_CONTRACTS } from './routed-contracts.ts';

const found = await everyContract();
const routes = ROUTED_CONTRACTS.map(({ route }) => String(route)).toSorted();

/** `GET /v1/me` for every operation that OpenAPI describes. */
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

  it('are contracts that have a route', () =>
    expect(ROUTED_CONTRACTS.filter(({ route }) => route === undefined).map(({ subject }) => subject)).toEqual([]));

  it('are described in OpenAPI', () => expect(describedRoutes().toSorted()).toEqual(routes));

  it('are in the reference', () => {
    const reference = readFileSync(join(import.meta.dirname, '../../../docs/reference/rest.md'), 'utf8');
    const documented = [...reference.matchAll(/^\| `([A-Z]+ \/[^`]*)`/gm)].map(([, route]) => route);
    expect(documented.toSorted()).toEqual(routes);
  });
});
