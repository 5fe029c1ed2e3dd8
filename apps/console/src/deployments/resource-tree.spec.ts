import { foldableKinds, podHealth, resourceTree, worstOf, type Pod, type Resource } from './resource-tree.ts';

const resource = (kind: string, name: string, more: Partial<Resource> = {}): Resource => ({
  kind,
  name,
  namespace: 'acme-web',
  health: 'Healthy',
  sync: 'Synced',
  message: null,
  createdAt: null,
  ...more,
});
const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  name,
  ready: '1/1',
  state: 'Running',
  restarts: 0,
  node: null,
  createdAt: '2026-12-01T00:00:00Z',
  ...more,
});
const web = { name: 'web', health: 'Healthy' } as const;
const names = (nodes: readonly { readonly kind: string; readonly name: string }[]) =>
  nodes.map(({ kind, name }) => `${kind}/${name}`);

describe('the tree of an application', () => {
  it('has pods below the workload with the longest name that begins theirs', () => {
    const tree = resourceTree(
      web,
      [resource('Service', 'web-api'), resource('Deployment', 'web'), resource('StatefulSet', 'web-api')],
      [pod('web-6c9f-x2x'), pod('web-api-0')],
    );
    expect(names(tree.children)).toEqual(['Service/web-api', 'Deployment/web', 'StatefulSet/web-api']);
    expect(tree.children.map(({ children }) => names(children))).toEqual([[], ['Pod/web-6c9f-x2x'], ['Pod/web-api-0']]);
  });

  it('has pods of an operator below its custom object, and pods of nothing below the application', () => {
    const tree = resourceTree(
      web,
      [resource('ConfigMap', 'events'), resource('Kafka', 'events')],
      [pod('events-broker-0'), pod('stray-1')],
    );
    expect(names(tree.children)).toEqual(['ConfigMap/events', 'Kafka/events', 'Pod/stray-1']);
    expect(names(tree.children[1]?.children ?? [])).toEqual(['Pod/events-broker-0']);
  });

  it('shows more than five nodes of a kind as one, with the worst health, until they are unfolded', () => {
    const configMaps = Array.from({ length: 6 }, (_, index) =>
      resource('ConfigMap', `c${index}`, index === 3 ? { health: 'Missing' } : {}),
    );
    const all = [...configMaps, resource('Deployment', 'web')];
    const folded = resourceTree(web, all, []);
    expect(folded.children).toEqual([
      expect.objectContaining({ kind: 'ConfigMap', folded: 6, health: 'Missing', message: '5 Healthy, 1 Missing' }),
      expect.objectContaining({ kind: 'Deployment', name: 'web' }),
    ]);
    expect(foldableKinds(all, [])).toEqual(['ConfigMap']);
    expect(resourceTree(web, all, [], new Set(['ConfigMap'])).children).toHaveLength(7);
    expect(resourceTree(web, all.slice(1), []).children).toHaveLength(6);
  });
});

it('a pod is healthy when all its containers are ready or it has completed, and degraded when it cannot start', () => {
  expect(podHealth(pod('a'))).toBe('Healthy');
  expect(podHealth(pod('a', { ready: '1/2' }))).toBe('Progressing');
  expect(podHealth(pod('a', { ready: '0/1', state: 'Completed' }))).toBe('Healthy');
  expect(podHealth(pod('a', { ready: '0/1', state: 'ImagePullBackOff', failing: true }))).toBe('Degraded');
  expect(podHealth(pod('a', { state: 'Terminating' }))).toBe('Terminating');
});

it('the worst health of several is the one that needs attention first', () => {
  expect(worstOf(['Healthy', 'Progressing', 'Degraded'])).toBe('Degraded');
  expect(worstOf([])).toBe('Unknown');
});
