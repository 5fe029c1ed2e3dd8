import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { connectOptions, isSupported, NatsSetupError } from './connect-options.ts';
import { createUserSeed, publicKeyOfSeed } from './user-seed.ts';

describe('the NATS address', () => {
  it('may contain a user, a token, TLS, and several servers', () => {
    expect(connectOptions({ url: 'nats://ada:p%40ss@a:4222' })).toMatchObject({
      servers: ['a:4222'],
      user: 'ada',
      pass: 'p@ss',
    });
    expect(connectOptions({ url: 'nats://secret@a:4222' })).toMatchObject({ token: 'secret' });
    expect(connectOptions({ url: 'tls://a:4222,tls://b:4222' })).toMatchObject({
      servers: ['a:4222', 'b:4222'],
      tls: {},
    });
  });

  it('is rejected with one sentence that does not contain it', () => {
    for (const wrong of ['', 'http://a', 'nats://', 'ada:secret@host'])
      expect(() => connectOptions({ url: wrong })).toThrow(/^The NATS address is not of the form/);
  });

  it('has no limit on reconnects', () => {
    expect(connectOptions({ url: 'nats://a:4222' })).toMatchObject({
      maxReconnectAttempts: -1,
      waitOnFirstConnect: true,
    });
  });
});

describe('the credentials of a NATS user', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'billing.nk');
  const url = 'nats://a:4222';
  const signAs = (authenticator: unknown, nonce: string): unknown =>
    (authenticator as (nonce: string) => unknown)(nonce);

  it('are read from the file for each connection', () => {
    const [first, second] = [createUserSeed(), createUserSeed()];
    writeFileSync(file, `${first}\n`);
    const { authenticator, inboxPrefix } = connectOptions({ url, service: 'billing', credentialsFile: file });
    expect(inboxPrefix).toBe('_INBOX.billing');
    expect(signAs(authenticator, 'n')).toMatchObject({ nkey: publicKeyOfSeed(first), sig: expect.any(String) });
    writeFileSync(file, `# made by somebody\r\n${second}\r\n`);
    expect(signAs(authenticator, 'n')).toMatchObject({ nkey: publicKeyOfSeed(second) });
    writeFileSync(file, ''); // it is being replaced
    expect(signAs(authenticator, 'n')).toMatchObject({ nkey: publicKeyOfSeed(second) });
  });

  it('are rejected in one sentence without the password if they are not encoded', () => {
    const attempt = () => connectOptions({ url: 'nats://ada:100%secret@127.0.0.1:4222' });
    expect(attempt).toThrow(NatsSetupError);
    expect(attempt).toThrow(
      /^The user or the password in the NATS address contains a % that is not encoded; write %25\.$/,
    );
  });

  it('may be a file with a JWT and its seed', () => {
    const seed = createUserSeed();
    writeFileSync(
      file,
      `-----BEGIN NATS USER JWT-----\neyJ.a.b\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    );
    const { authenticator } = connectOptions({ url, credentialsFile: file });
    expect(signAs(authenticator, 'n')).toMatchObject({ jwt: 'eyJ.a.b', nkey: publicKeyOfSeed(seed) });
  });

  it.each([
    ['nothing', ''],
    ['a public key', publicKeyOfSeed(createUserSeed()) ?? ''],
    ['a seed that was changed', createUserSeed().replace(/.{4}$/, 'AAAA')],
    ['the seed of an account', createUserSeed().replace('SU', 'SA')],
  ])('are rejected with one sentence that names the file and does not contain its text: %s', (_what, text) => {
    writeFileSync(file, text);
    const open = () => connectOptions({ url, credentialsFile: file });
    expect(open).toThrow(NatsSetupError);
    expect(open).toThrow(/billing\.nk contains neither [^\n]+\.$/);
    if (text !== '') expect(open).not.toThrow(new RegExp(text));
  });

  it('are rejected if the file, or that of the authority, does not exist', () => {
    const missing = join(folder, 'missing');
    expect(() => connectOptions({ url, credentialsFile: missing })).toThrow(/missing cannot be read \(ENOENT\)\.$/);
    expect(() => connectOptions({ url, caFile: missing })).toThrow(/missing cannot be read \(ENOENT\)\.$/);
  });

  it('may be used with the authority of the certificate', () => {
    writeFileSync(file, 'PEM');
    expect(connectOptions({ url, caFile: file })).toMatchObject({ tls: { caFile: file } });
  });
});

describe('the version of nats-server', () => {
  it.each([
    ['2.9.10', false],
    ['2.10.0', true],
    ['2.15.2', true],
    ['3.0.0', true],
    ['1.99.0', false],
    ['unknown', false],
    ['', false],
  ])('%s is supported: %s', (version, expected) => expect(isSupported(version)).toBe(expected));
});
