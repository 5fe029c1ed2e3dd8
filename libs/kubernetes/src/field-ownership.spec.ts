import { ownedFields, ownsField } from './field-ownership.ts';

const fields = {
  'f:metadata': { 'f:annotations': { 'f:a.b/c': {} }, 'f:finalizers': { 'v:"x.io/y"': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:selector': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"c"}': {
            '.': {},
            'f:image': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
          },
        },
      },
    },
  },
};

describe('E22: ownsField', () => {
  it.each([
    '.spec.replicas',
    '.spec.template.spec.containers[name="c"].image',
    '.spec.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].containerPort',
    '.spec.selector.matchLabels', // atomic: owned with all descendants
    '.metadata.finalizers[="x.io/y"]',
    '.spec.template',
  ])('%s', (field) => expect(ownsField(fields, field)).toBe(true));

  it.each([
    '.spec.paused',
    '.spec.template.spec.containers[name="other"].image',
    '.spec.template.spec.containers[name="c"].command',
    '.spec.template.spec.containers[name="c"].ports[containerPort=81,protocol="TCP"].containerPort',
    '.metadata.finalizers[="x.io/z"]',
    '',
    'nonsense',
    '.__proto__.x',
  ])('%s did not', (field) => expect(ownsField(fields, field)).toBe(false));

  it('finds a name with dots', () => expect(ownsField(fields, '.metadata.annotations.a.b/c')).toBe(true));

  it('finds nothing in an empty set', () => expect(ownsField({}, '.spec.replicas')).toBe(false));

  it('uses the fields of our apply, not those of the status or of other managers', () => {
    const managedFields = [
      { manager: 'm', operation: 'Update', fieldsV1: { 'f:a': {} } },
      { manager: 'm', operation: 'Apply', subresource: 'status', fieldsV1: { 'f:b': {} } },
      { manager: 'm', operation: 'Apply', fieldsV1: { 'f:c': {} } },
    ];
    expect(ownedFields({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a', managedFields } }, 'm')).toEqual({
      'f:c': {},
    });
  });
});
