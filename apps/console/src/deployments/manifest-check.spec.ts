import { checkManifest } from './manifest-check.ts';

const manifest = (...image: string[]) =>
  [
    'apiVersion: platform.astropulse.io/v1',
    'kind: Application',
    'metadata: { name: web }',
    'spec:',
    '  source:',
    '    type: image',
    '    image:',
    ...image.map((line) => `      ${line}`),
    '',
  ].join('\n');

describe('a manifest that is typed', () => {
  it('is an application with a tag as it is written, like for astroctl', () => {
    const checked = checkManifest(manifest('repository: shop/web', 'tag: 1.10'));
    expect(checked.problems).toEqual([]);
    expect(checked.manifest?.spec).toMatchObject({ name: 'web', source: { image: { tag: '1.10' } } });
  });

  it('may be the fields of the application alone', () => {
    const checked = checkManifest('name: web\nsource:\n  type: image\n  image: { repository: shop/web, tag: 2.0 }\n');
    expect(checked.manifest?.spec).toMatchObject({ name: 'web', source: { image: { tag: '2.0' } } });
  });

  it('has the line and column of each problem, and the field that was probably meant', () => {
    const checked = checkManifest(manifest('repository: shop/web', 'tag: 1.0', 'prot: 8080'));
    expect(checked.problems).toEqual([
      { line: 10, column: 7, message: 'unknown field spec.source.image.prot; did you mean port?' },
    ]);
    expect(checked.manifest).toBeUndefined();
  });

  it('has the place where it stops being YAML', () => {
    expect(checkManifest('name: [web\n').problems[0]).toMatchObject({ line: expect.any(Number) });
    expect(checkManifest('').problems).toEqual([{ line: 1, column: 1, message: 'there is no manifest' }]);
    expect(checkManifest('name: a\n---\nname: b\n').problems).toEqual([
      { line: 3, column: 1, message: 'only one manifest can be applied here' },
    ]);
  });

  it('shows at its place what the platform finds', () => {
    const { placed } = checkManifest(manifest('repository: shop/web', 'tag: 1.0', 'replicas: 9'));
    expect(placed([{ pointer: '/spec/source/image/replicas', message: 'must be at most 3' }])).toEqual([
      { line: 10, column: 7, message: 'spec.source.image.replicas must be at most 3' },
    ]);
  });
});
