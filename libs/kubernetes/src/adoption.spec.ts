import { withoutClientSideManagers } from './adoption.ts';

const entry = (manager: string, operation: 'Apply' | 'Update', fieldsV1: object, more: object = {}) => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
});
const status = entry('kubelet', 'Update', { 'f:status': {} }, { subresource: 'status' });

describe('K8.6-43: fields of client-side kubectl apply', () => {
  it('become those of the platform, so that an apply without them removes them', () =>
    expect(
      withoutClientSideManagers([
        entry('kubectl-client-side-apply', 'Update', { 'f:data': { 'f:a': {}, 'f:b': {} } }),
        entry('kubectl-edit', 'Update', { 'f:data': { 'f:c': {} } }),
        status,
      ]),
    ).toEqual([
      entry('astro-platform', 'Apply', { 'f:data': { 'f:a': {}, 'f:b': {} } }),
      entry('kubectl-edit', 'Update', { 'f:data': { 'f:c': {} } }),
      status,
    ]));

  it('are united with those that the platform owns already', () =>
    expect(
      withoutClientSideManagers([
        entry('kubectl-client-side-apply', 'Update', { 'f:data': { 'f:a': {} } }),
        entry('astro-platform', 'Apply', { 'f:data': { 'f:b': {} }, 'f:metadata': {} }),
      ]),
    ).toEqual([entry('astro-platform', 'Apply', { 'f:data': { 'f:a': {}, 'f:b': {} }, 'f:metadata': {} })]));

  it('of another version of the API are dropped, since their names may differ', () =>
    expect(
      withoutClientSideManagers([
        entry('before-first-apply', 'Update', { 'f:old': {} }, { apiVersion: 'v1beta1' }),
        entry('astro-platform', 'Apply', { 'f:data': {} }),
      ]),
    ).toEqual([entry('astro-platform', 'Apply', { 'f:data': {} })]));

  it('change nothing where there are none, or where the manager applies on the server', () => {
    expect(withoutClientSideManagers([status])).toBeUndefined();
    expect(withoutClientSideManagers([entry('kubectl-client-side-apply', 'Apply', {})])).toBeUndefined();
  });
});
