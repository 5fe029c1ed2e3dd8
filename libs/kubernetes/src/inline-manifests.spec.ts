import { readInlineManifests } from './inline-manifests.ts';

const findings = (text: string) => {
  const read = readInlineManifests(text);
  return read.ok ? [] : read.error;
};
const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('readInlineManifests', () => {
  it('expands lists, including nested ones', () => {
    const read = readInlineManifests(
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n---\n${configMap('c')}`,
    );
    expect(read.ok && read.value.objects.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  });

  it('returns the position of a member of an object', () => {
    const read = readInlineManifests(`${configMap('a')}---\n${configMap('b')}data:\n  key: v\n`);
    expect(read.ok && read.value.position(1, ['data', 'key'])).toEqual({ line: 9, column: 3 });
  });

  it('refuses an object that is defined twice, and reports both lines', () => {
    expect(findings(`${configMap('a')}---\n${configMap('a')}`)).toMatchObject([
      {
        code: 'deployments/duplicate-object',
        detail: 'line 5:1: ConfigMap a is defined twice; first in line 1.',
      },
    ]);
  });

  it.each([
    ['a text without content', '# nothing\n', 'deployments/no-objects'],
    ['an object without kind', 'apiVersion: v1\nmetadata: {name: a}', 'deployments/invalid-manifest'],
    ['an object without name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {}', 'deployments/invalid-manifest'],
    [
      'a name that YAML reads as false',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}',
      'deployments/invalid-manifest',
    ],
    ['generateName', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}', 'deployments/field-not-allowed'],
    ['a list', '- a', 'deployments/invalid-manifest'],
    ['invalid YAML', 'a: [', 'deployments/invalid-manifest'],
  ])('refuses %s', (_, text, code) => expect(findings(text)[0]).toMatchObject({ code }));
});
