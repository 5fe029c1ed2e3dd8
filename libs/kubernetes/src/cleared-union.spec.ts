import { clearedUnion } from './cleared-union.ts';
import { KubernetesApiError } from './client.ts';

describe('use-D10: a field that the server defaulted and later refuses', () => {
  const deployment = (spec: object, managed: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', managedFields: [{ manager: 'astro-platform', operation: 'Apply', fieldsV1: managed }] },
    spec,
  });
  const live = deployment({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } });
  const wanted = deployment({ strategy: { type: 'Recreate' } });
  const refused = (field: string) =>
    new KubernetesApiError({
      status: 422,
      reason: 'Invalid',
      message: 'invalid',
      causes: [{ reason: 'FieldValueForbidden', field, message: 'may not be specified' }],
    });

  it('is cleared in one patch with the other fields of its parent', () =>
    expect(clearedUnion(live, wanted, refused('spec.strategy.rollingUpdate'))).toEqual({
      spec: { strategy: { type: 'Recreate', rollingUpdate: null } },
    }));
  it('is kept if a manager owns it, if the manifest sets it, or if the refusal has another reason', () => {
    const owned = deployment(live.spec, { 'f:spec': { 'f:strategy': { 'f:rollingUpdate': {} } } });
    expect(clearedUnion(owned, wanted, refused('spec.strategy.rollingUpdate'))).toBeUndefined();
    expect(clearedUnion(live, live, refused('spec.strategy.rollingUpdate'))).toBeUndefined();
    expect(clearedUnion(live, wanted, refused('spec.selector'))).toBeUndefined();
    expect(clearedUnion(live, wanted, refused('spec.template.spec.volumes[0].configMap'))).toBeUndefined();
    expect(clearedUnion(live, wanted, new Error('no'))).toBeUndefined();
  });
});
