import { registryOf } from './image-registry.ts';

describe('the registry of an image', () => {
  it.each([
    ['images.acme.dev/shop/web:1', 'images.acme.dev'],
    ['Images.Acme.dev:5000/web@sha256:00', 'images.acme.dev:5000'],
    ['localhost/web', 'localhost'],
    ['registry:5000/web', 'registry:5000'],
  ])('is the host of %s', (image, host) => expect(registryOf(image)).toEqual({ hosts: [host], name: host }));

  it('is found without the default port, under which no credential is stored', () =>
    expect(registryOf('images.acme.dev:443/web')).toEqual({
      hosts: ['images.acme.dev'],
      name: 'images.acme.dev:443',
    }));

  it.each(['web:1', 'acme/web', 'docker.io/acme/web', 'index.docker.io/acme/web'])('is Docker Hub for %s', (image) =>
    expect(registryOf(image)).toMatchObject({
      hosts: ['docker.io', 'index.docker.io', 'registry-1.docker.io'],
      name: 'https://index.docker.io/v1/',
    }),
  );
});
