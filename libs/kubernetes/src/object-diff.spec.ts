import { changesBetween, contentOf, isSame } from './object-diff.ts';
import type { KubernetesObject } from './objects.ts';

const object = (kind: string, more: object, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'a', ...metadata },
  ...more,
});

describe('E16: the difference between two states', () => {
  it.each(['data', 'binaryData'])('shows %s of ConfigMaps only as fingerprints', (member) => {
    const configMap = (value: string) => object('ConfigMap', { [member]: { 'app.conf': value } });
    const changes = changesBetween(configMap('password=hunter2'), configMap('password=secret3'), 'key');
    const print = expect.stringMatching(/^fingerprint [0-9a-f]{12}$/) as string;
    expect(changes).toEqual([{ pointer: `/${member}/app.conf`, before: print, after: print }]);
    const [created] = changesBetween(object('ConfigMap', {}), configMap('password=hunter2'), 'key');
    expect(created).toEqual({ pointer: `/${member}`, after: print });
  });

  it('shows Secrets only as fingerprints, which are equal for equal values', () => {
    const live = object('Secret', { data: { password: 'aHVudGVyMg==', same: 'eA==' } });
    const planned = object('Secret', { data: { password: 'c2VjcmV0', same: 'eA==', added: 'aHVudGVyMg==' } });
    const changes = changesBetween(live, planned, 'key');
    expect(changes.map(({ pointer }) => pointer)).toEqual(['/data/password', '/data/added']);
    expect(JSON.stringify(changes)).not.toMatch(/aHVudGVyMg|c2VjcmV0|hunter2/);
    expect(changes[0]?.before).toMatch(/^fingerprint [0-9a-f]{12}$/);
    expect(changes[1]?.after).toBe(changes[0]?.before);
  });

  it('cannot be compared across installations, because fingerprints are keyed', () => {
    const [live, planned] = [object('Secret', { data: { a: 'eA==' } }), object('Secret', { data: { a: 'eQ==' } })];
    expect(changesBetween(live, planned, 'one')).not.toEqual(changesBetween(live, planned, 'other'));
    expect(changesBetween(live, planned, undefined)).toEqual([
      { pointer: '/data/a', before: 'hidden', after: 'hidden' },
    ]);
  });

  it('does not show environment and arguments of containers', () => {
    const deployment = (value: string, image: string) =>
      object('Deployment', {
        spec: {
          template: {
            spec: { containers: [{ name: 'c', image, args: [`--password=${value}`], env: [{ name: 'A', value }] }] },
          },
        },
      });
    const changes = changesBetween(deployment('hunter2', 'x:1'), deployment('secret3', 'x:2'), 'key');
    expect(JSON.stringify(changes)).not.toMatch(/hunter2|secret3/);
    expect(changes).toContainEqual({
      pointer: '/spec/template/spec/containers/0/image',
      before: '"x:1"',
      after: '"x:2"',
    });
  });

  it('does not show them for a new container either', () => {
    const before = object('Pod', { spec: { containers: [] } });
    const after = object('Pod', { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: 'hunter2' }] }] } });
    expect(JSON.stringify(changesBetween(before, after, 'key'))).not.toContain('hunter2');
  });
});

describe('the content of an object', () => {
  it('excludes what the server writes, and the attempt annotation', () => {
    const metadata = {
      uid: 'u',
      resourceVersion: '2',
      generation: 3,
      managedFields: [{}],
      annotations: { 'platform.astropulse.io/attempt': '9', a: 'b' },
    };
    expect(contentOf(object('ConfigMap', { data: { a: 'b' }, status: { x: 1 } }, metadata))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { a: 'b' },
      metadata: { name: 'a', annotations: { a: 'b' } },
    });
  });

  it('is equal regardless of the order of members, but not of list elements', () => {
    expect(isSame({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(isSame([1, 2], [2, 1])).toBe(false);
    expect(isSame({ a: undefined }, {})).toBe(false);
  });

  it('lists at most 50 changes, with values of at most 200 characters', () => {
    const data = (prefix: string) =>
      object('Widget', {
        spec: Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`k${index}`, prefix.repeat(500)])),
      });
    const changes = changesBetween(data('a'), data('b'), 'key');
    expect(changes).toHaveLength(50);
    expect(changes[0]?.before).toHaveLength(200);
  });
});
