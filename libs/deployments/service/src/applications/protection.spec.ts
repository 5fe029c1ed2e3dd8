import { emptyCatalog, evolveCatalog } from '../catalog/catalog.ts';
import { aConfiguration, aProfile } from '../testing/facts.ts';
import { noApplication } from './application.ts';
import { ADMIN, presentOf, refusedChange, type Guarded, type Neighbor, type Protection } from './protection.ts';

const on = (id: string, namespaceMode: Guarded['namespaceMode'] = 'override'): Guarded => ({
  profile: { id, name: id, revision: 1, protected: false },
  namespaceMode,
});
const staging = on('staging');
const production = on('production');
const preserved = on('staging', 'preserve');
const profiles = new Map([
  ['staging', false],
  ['production', true],
]);
const neighbor = (isProtected: boolean): Neighbor => ({
  applicationId: 'a2',
  name: 'pay',
  namespace: 'acme-pay',
  profile: isProtected ? 'production' : 'staging',
  isProtected,
});
const editor = (...neighbors: Neighbor[]): Protection => ({ isAdmin: false, profiles, neighbors });

const CASES: readonly (readonly [string, Guarded | undefined, Guarded | undefined, Protection, string | undefined])[] =
  [
    ['a new application on an unprotected profile', undefined, staging, editor(), undefined],
    ['a new application on a protected profile', undefined, production, editor(), 'access/protected-profile'],
    ['from a protected profile to another', production, staging, editor(), 'access/protected-profile'],
    ['from another profile to a protected one', staging, production, editor(), 'access/protected-profile'],
    [
      'a protected application whose content does not change',
      production,
      undefined,
      editor(),
      'access/protected-profile',
    ],
    ['an unprotected application whose content does not change', staging, undefined, editor(), undefined],
    ['from override to preserve', staging, preserved, editor(), 'access/not-permitted'],
    ['from preserve to override', preserved, staging, editor(), 'access/not-permitted'],
    ['namespaceMode preserve, content does not change', preserved, undefined, editor(), 'access/not-permitted'],
    ['a namespace shared with an unprotected application', staging, staging, editor(neighbor(false)), undefined],
    [
      'a namespace shared with a protected application',
      staging,
      staging,
      editor(neighbor(false), neighbor(true)),
      'access/protected-profile',
    ],
    [
      'a namespace shared with a protected application, content does not change',
      staging,
      undefined,
      editor(neighbor(true)),
      'access/protected-profile',
    ],
    ['a profile that was not looked up', on('unknown'), staging, editor(), 'deployments/contended'],
    ['an admin, from a protected profile', production, preserved, ADMIN, undefined],
    [
      'an admin, in a namespace shared with a protected application',
      staging,
      staging,
      { ...editor(neighbor(true)), isAdmin: true },
      undefined,
    ],
  ];

describe('use-S1: who may change an application', () => {
  it.each(CASES)('%s', (_title, present, next, protection, code) =>
    expect(refusedChange({ action: 'deploy', application: 'web', present, next }, protection)?.code).toBe(code),
  );

  it('names the protected profile in the error', () => {
    const change = { action: 'delete', application: 'web', present: production, next: undefined } as const;
    expect(refusedChange(change, editor())?.detail).toBe(
      'You may not delete web: profile production is protected and requires the role admin or owner.',
    );
    expect(refusedChange({ ...change, present: staging }, editor(neighbor(true)))?.detail).toBe(
      'You may not delete web: namespace acme-pay is used by pay, whose profile production is protected and requires the role admin or owner.',
    );
  });

  it('uses the claim of the name for an application without a revision', () => {
    const catalog = [
      {
        type: 'catalog.name-claimed.v1',
        data: { kind: 'profile', name: 'staging', id: 'p1', counted: true, refers: 'c1', intent: aProfile },
      } as const,
      {
        type: 'catalog.name-claimed.v1',
        data: {
          kind: 'application',
          name: 'web',
          id: 'a1',
          counted: true,
          refers: 'p1',
          intent: aConfiguration,
          namedNamespace: false,
        },
      } as const,
    ].reduce(evolveCatalog, emptyCatalog);
    expect(presentOf(noApplication, catalog, 'web')?.profile).toMatchObject({ id: 'p1', name: 'staging' });
    expect(presentOf(noApplication, catalog, 'other')).toBeUndefined();
  });
});
