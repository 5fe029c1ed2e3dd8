import { dockerConfigOf } from './pull-secret.ts';

const record = (settings: object) => JSON.stringify(settings);

describe('the pull secret of a registry', () => {
  it('has the form that kubelets read', () =>
    expect(
      JSON.parse(dockerConfigOf(record({ credential: { user: 'ci', secret: 's3cret' } }), 'images.acme.dev') ?? ''),
    ).toEqual({
      auths: {
        'images.acme.dev': { username: 'ci', password: 's3cret', auth: Buffer.from('ci:s3cret').toString('base64') },
      },
    }));

  it('does not exist without a user, since registries need one', () => {
    expect(dockerConfigOf(record({ credential: { secret: 's3cret' } }), 'images.acme.dev')).toBeUndefined();
    expect(dockerConfigOf(record({ certificateAuthority: 'pem' }), 'images.acme.dev')).toBeUndefined();
  });
});
