import type { KubernetesObject } from './objects.ts';
import type { PlannedObject } from './plan.types.ts';
import { byOrder, inWaves } from './waves.ts';

const planned = (kind: string, name = 'a'): PlannedObject => ({
  object: { apiVersion: 'v1', kind, metadata: { name } },
  type: { group: '', version: 'v1', kind, resource: kind.toLowerCase(), namespaced: true, verbs: [] },
  force: false,
  unchanged: false,
});

describe('waves', () => {
  it('contain dependencies first', () => {
    const waves = inWaves(
      [
        'Ingress',
        'Deployment',
        'HorizontalPodAutoscaler',
        'Widget',
        'Secret',
        'Service',
        'CustomResourceDefinition',
        'ServiceAccount',
        'ConfigMap',
        'Namespace',
      ].map((kind) => planned(kind)),
    );
    expect(waves.map(({ name, objects }) => [name, objects.map(({ object }) => object.kind)])).toEqual([
      ['namespaces', ['Namespace']],
      ['definitions', ['CustomResourceDefinition']],
      ['guards', ['ServiceAccount']],
      ['configuration', ['Secret', 'ConfigMap']],
      ['services', ['Service']],
      ['workloads', ['Deployment', 'Widget']],
      ['access', ['HorizontalPodAutoscaler', 'Ingress']],
    ]);
  });

  it('of Argo CD are the order of objects of the same wave', () => {
    const inTurn = (kind: string, name: string, wave: string): PlannedObject => {
      const { object, ...rest } = planned(kind, name);
      const annotations = { 'argocd.argoproj.io/sync-wave': wave };
      return { ...rest, object: { ...object, metadata: { name, annotations } } };
    };
    const waves = inWaves([
      inTurn('Deployment', 'web', '10'),
      inTurn('Deployment', 'database', '-5'),
      inTurn('ConfigMap', 'late', '20'),
      inTurn('Deployment', 'odd', 'first'),
      planned('StatefulSet', 'plain'),
    ]);
    expect(waves.map(({ name, objects }) => [name, objects.map(({ object }) => object.metadata.name)])).toEqual([
      ['configuration', ['late']],
      ['workloads', ['database']],
      ['workloads', ['odd', 'plain']],
      ['workloads', ['web']],
    ]);
  });

  it('have the same order, whatever the order of the manifests', () => {
    const objects = ['b', 'a', 'c'].map((name): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
    }));
    expect(objects.toSorted(byOrder).map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  });
});
