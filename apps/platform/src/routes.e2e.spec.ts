import { ROUTED_CONTRACTS } from '#gateway';
import { call, startPlatform, type Platform } from '#testing';
import { z } from 'zod';
import { askWithoutCredential } from './routes.fixture.ts';

const readiness = z.looseObject({ contracts: z.array(z.string()) });
const description = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Compares a running platform with the lists of routes. */
describe('use-E4: each route of the lists', () => {
  let platform: Platform;
  beforeAll(async () => void (platform = await startPlatform()));
  afterAll(() => platform.stop());

  it('is served by a service of the process', async () => {
    const { contracts } = readiness.parse((await call(platform.url, 'GET /readyz')).body);
    expect(ROUTED_CONTRACTS.map(({ subject }) => subject).filter((subject) => !contracts.includes(subject))).toEqual(
      [],
    );
  });

  it('is in the OpenAPI document of the gateway, and no other is', async () => {
    const { paths } = description.parse((await call(platform.url, 'GET /openapi.json')).body);
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((name) => /^(get|post|put|patch|delete)$/.test(name))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(ROUTED_CONTRACTS.map(({ route }) => String(route)).toSorted());
  });

  it.each(ROUTED_CONTRACTS.map((contract) => [String(contract.route), contract] as const))(
    'returns the expected status: %s',
    async (_route, contract) => {
      const { status, expected } = await askWithoutCredential(platform.url, contract);
      expect(status).toBe(expected);
    },
  );
});
