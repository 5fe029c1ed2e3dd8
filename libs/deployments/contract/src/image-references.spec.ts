import { readApplication } from './read-manifest.ts';

describe('D10: references of images', () => {
  const errorsOf = (image: object) => {
    const read = readApplication({ name: 'web', source: { type: 'image', image } });
    return read.ok ? [] : read.error.map(({ pointer }) => pointer);
  };
  const valid = { registry: 'images.acme.dev', repository: 'shop/web', tag: '1.4.2' };
  const digest = `sha256:${'9f'.repeat(32)}`;

  it.each([
    ['a registry with a port', { ...valid, registry: 'localhost:5000' }],
    ['a digest', { registry: valid.registry, repository: valid.repository, digest }],
    ['no registry', { repository: 'nginx', tag: '1' }],
  ])('may have %s', (_what, image) => expect(errorsOf(image)).toEqual([]));

  it.each([
    ['a user and password', { ...valid, registry: 'user:pass@images.acme.dev' }, '/source/image/registry'],
    ['a path in the registry', { ...valid, registry: 'images.acme.dev/shop' }, '/source/image/registry'],
    ['upper case', { ...valid, repository: 'Shop/Web' }, '/source/image/repository'],
    [
      'a registry in the repository',
      { ...valid, repository: 'user:pass@evil.example/web' },
      '/source/image/repository',
    ],
    ['a tag in the repository', { ...valid, repository: 'shop/web:2' }, '/source/image/repository'],
    ['a name of 10 KB', { ...valid, repository: 'a'.repeat(10_240) }, '/source/image/repository'],
    ['a tag of 10 KB', { ...valid, tag: 'a'.repeat(10_240) }, '/source/image/tag'],
    ['an option as the tag', { ...valid, tag: '--version' }, '/source/image/tag'],
    ['a tag and a digest', { ...valid, digest }, '/source/image'],
    ['neither tag nor digest', { registry: valid.registry, repository: valid.repository }, '/source/image'],
    [
      'a short digest',
      { registry: valid.registry, repository: valid.repository, digest: 'sha256:9f' },
      '/source/image/digest',
    ],
  ])('are refused with %s', (_what, image, pointer) => expect(errorsOf(image)).toEqual([pointer]));
});
