import { checkObject, kubernetesSchemas } from './index.ts';

const deployment = (container: object, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'a:1', ...container }] },
    },
    ...spec,
  },
});

describe('checkObject with the recorded schemas', () => {
  it('finds no errors in a valid manifest', () => {
    expect(
      checkObject(
        deployment({
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: '1', memory: '1Gi' } },
          livenessProbe: { httpGet: { port: 'http' } },
        }),
      ),
    ).toEqual([]);
  });

  it('reports an unknown field and suggests the nearest name', () => {
    expect(checkObject(deployment({ imagee: 'x' }))).toEqual([
      {
        reason: 'unknown-field',
        field: 'spec.template.spec.containers[0].imagee',
        pointer: '/spec/template/spec/containers/0/imagee',
        message: 'There is no such field; did you mean image?',
        nearest: 'image',
      },
    ]);
  });

  it.each([
    ['a string for a number', deployment({}, { replicas: '3' }), 'spec.replicas'],
    ['a fraction for a whole number', deployment({}, { replicas: 1.5 }), 'spec.replicas'],
    ['an object for a list', deployment({ env: { A: 'b' } }), 'spec.template.spec.containers[0].env'],
    [
      'a number for a string',
      deployment({ env: [{ name: 'A', value: 1 }] }),
      'spec.template.spec.containers[0].env[0].value',
    ],
    ['a list for a map', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: [] }, 'data'],
  ])('refuses %s', (_what, object, field) => {
    expect(checkObject(object)).toMatchObject([{ reason: 'wrong-type', field }]);
  });

  it('rejects a number that is out of range', () => {
    expect(checkObject(deployment({}, { replicas: 3_000_000_000 }))).toMatchObject([
      { reason: 'invalid-value', field: 'spec.replicas' },
    ]);
  });

  it('rejects invalid quantities and invalid base64', () => {
    expect(checkObject(deployment({ resources: { limits: { cpu: '1 core' } } }))).toMatchObject([
      { reason: 'invalid-value', field: 'spec.template.spec.containers[0].resources.limits.cpu' },
    ]);
    expect(
      checkObject({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { k: 'not base64!' } }),
    ).toMatchObject([{ reason: 'invalid-value', field: 'data.k' }]);
  });

  it('lists the supported values of an enumeration', () => {
    expect(checkObject(deployment({ imagePullPolicy: 'always' }))).toMatchObject([
      { reason: 'unsupported-value', message: 'Supported values are Always, IfNotPresent, Never.', nearest: 'Always' },
    ]);
  });

  it('reports a missing required field', () => {
    expect(
      checkObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { template: {} } }),
    ).toMatchObject([{ reason: 'required', field: 'spec.selector' }]);
  });

  it('suggests the apiVersion of a known kind, and the nearest name of an unknown kind', () => {
    expect(checkObject({ apiVersion: 'extensions/v1beta1', kind: 'Deployment' })).toMatchObject([
      { reason: 'unknown-kind', field: 'apiVersion', nearest: 'apps/v1' },
    ]);
    expect(checkObject({ apiVersion: 'apps/v1', kind: 'Deploymnet' })).toMatchObject([
      { reason: 'unknown-kind', field: 'kind', nearest: 'Deployment' },
    ]);
  });

  it('accepts null for a missing field, and any text where the schema allows it', () => {
    expect(checkObject(deployment({}, { replicas: null }))).toEqual([]);
    expect(
      checkObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', labels: { 'any.key/x': 'y' } },
        data: { 'a.b': 'c' },
      }),
    ).toEqual([]);
  });

  it('reports at most fifty errors', () => {
    expect(checkObject(deployment({ env: Array.from({ length: 5000 }, () => ({ name: 1 })) }))).toHaveLength(50);
  });

  it('rejects a manifest that is not an object or has no apiVersion', () => {
    expect(checkObject([])).toMatchObject([{ reason: 'not-an-object' }]);
    expect(checkObject({ kind: 'Pod' })).toMatchObject([{ reason: 'required', field: 'apiVersion' }]);
  });
});

describe('the recorded schemas', () => {
  const schemas = kubernetesSchemas();

  it('find a kind by every name that kubectl accepts', () => {
    for (const word of ['deployments', 'deployment', 'deploy', 'Deployment', 'deployments.apps', 'deploy.apps'])
      expect(schemas.find(word)).toMatchObject({ kind: 'Deployment', namespaced: true });
    expect(schemas.find('ns')).toMatchObject({ kind: 'Namespace', namespaced: false });
    expect(schemas.find('gadgets')).toBeUndefined();
  });

  it('contain list keys, merge keys, and atomic maps', () => {
    const kind = schemas.find('deployment');
    if (!kind) throw new Error('not recorded');
    expect(schemas.at(kind, ['spec', 'template', 'spec', 'containers', 0, 'ports'])).toMatchObject({
      listType: 'map',
      listKeys: ['containerPort', 'protocol'],
      mergeKey: 'containerPort',
      patchStrategies: ['merge'],
    });
    expect(schemas.at(kind, ['spec', 'selector'])).toMatchObject({ atomic: true });
    expect(schemas.at(kind, ['spec', 'strategy'])).toMatchObject({ patchStrategies: ['retainKeys'] });
    expect(schemas.at(kind, ['spec', 'nothing'])).toBeUndefined();
  });
});
