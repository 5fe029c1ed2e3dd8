import { readApplication } from '#deployments/contract';
import { fieldOf, imageReference, manifestOfForm, type ImageForm } from './image-form.ts';

const typed = (more: Partial<ImageForm>): ImageForm => ({
  name: 'web',
  image: 'shop/web:1.4.2',
  profile: undefined,
  port: '',
  replicas: '',
  health: '',
  env: '',
  ...more,
});

it.each([
  ['nginx', { repository: 'nginx', tag: 'latest' }],
  ['shop/web:1.4.2', { repository: 'shop/web', tag: '1.4.2' }],
  ['images.acme.dev/shop/web:1', { registry: 'images.acme.dev', repository: 'shop/web', tag: '1' }],
  ['localhost:5000/web', { registry: 'localhost:5000', repository: 'web', tag: 'latest' }],
  ['localhost/web:2', { registry: 'localhost', repository: 'web', tag: '2' }],
  ['shop/web@sha256:ab', { repository: 'shop/web', digest: 'sha256:ab' }],
  ['shop/web:1@sha256:ab', { repository: 'shop/web', digest: 'sha256:ab' }],
])('the image %s has the registry, repository, and tag that Docker would use', (text, reference) => {
  expect(imageReference(text)).toEqual(reference);
});

describe('the short form', () => {
  it('is a valid manifest, which leaves to profile and tier what is empty', () => {
    expect(manifestOfForm(typed({}))).toMatchObject({
      metadata: { name: 'web' },
      spec: { source: { type: 'image', image: { repository: 'shop/web', tag: '1.4.2' } } },
    });
    const whole = typed({ profile: 'eu', port: '3000', replicas: '2', health: '/healthz', env: 'A=1\n\nB=x=y' });
    const read = readApplication(manifestOfForm(whole));
    expect(read).toMatchObject({
      ok: true,
      value: {
        name: 'web',
        profileName: 'eu',
        source: {
          image: {
            port: 3000,
            replicas: 2,
            health: { path: '/healthz' },
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: 'x=y' },
            ],
          },
        },
      },
    });
  });

  it('shows each error at the field that was typed', () => {
    const wrong = typed({ name: 'Web!', port: 'abc', env: '1A=2', image: 'UPPER:1' });
    const read = readApplication(manifestOfForm(wrong));
    const fields = read.ok ? [] : read.error.map(({ pointer }) => fieldOf(pointer));
    expect(new Set(fields)).toEqual(new Set(['name', 'port', 'env', 'image']));
  });
});
