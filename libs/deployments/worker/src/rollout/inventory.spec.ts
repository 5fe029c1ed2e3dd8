import { toContract, toLibrary, united } from './inventory.ts';

const web = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u1' };

describe('inventory', () => {
  it('is unchanged after conversion to the library and back', () => {
    const crd = {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: 'a.b.c',
      uid: null,
    };
    const pod = { group: '', version: 'v1', kind: 'Pod', namespace: 'shop', name: 'p', uid: null };
    expect([web, crd, pod].map(toLibrary).map(toContract)).toEqual([web, crd, pod]);
  });

  it('keeps UIDs and entries that only the earlier list contains', () => {
    const earlier = [toLibrary(web), toLibrary({ ...web, name: 'old' })];
    const later = [toLibrary({ ...web, uid: null, version: 'v2' })];
    expect(united(earlier, later).map(toContract)).toEqual([
      { ...web, version: 'v2' },
      { ...web, name: 'old' },
    ]);
  });
});
