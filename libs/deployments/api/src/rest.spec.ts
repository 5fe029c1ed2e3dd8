import * as contract from '#deployments/contract';
import { deploymentsRest } from './rest.ts';

describe('routes of deployments', () => {
  it('serve each contract that has a route, exactly once', () => {
    const routed = Object.values(contract).filter(
      (value): value is (typeof deploymentsRest)[number] =>
        typeof value === 'object' && value !== null && 'route' in value && value.route !== undefined,
    );
    expect([...deploymentsRest].map(({ route }) => route).sort()).toEqual(routed.map(({ route }) => route).sort());
    expect(new Set(deploymentsRest.map(({ route }) => route)).size).toBe(deploymentsRest.length);
  });
});
