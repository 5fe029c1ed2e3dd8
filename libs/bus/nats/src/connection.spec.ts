import { connectOptions, isSupported } from './connection.ts';

describe('the NATS address', () => {
  it('may contain a user, a token, TLS, and several servers', () => {
    expect(connectOptions('nats://ada:p%40ss@a:4222')).toMatchObject({
      servers: ['a:4222'],
      user: 'ada',
      pass: 'p@ss',
    });
    expect(connectOptions('nats://secret@a:4222')).toMatchObject({ token: 'secret' });
    expect(connectOptions('tls://a:4222,tls://b:4222')).toMatchObject({ servers: ['a:4222', 'b:4222'], tls: {} });
  });

  it('is rejected with one sentence that does not contain it', () => {
    for (const wrong of ['', 'http://a', 'nats://', 'ada:secret@host'])
      expect(() => connectOptions(wrong)).toThrow(/^The NATS address is not of the form/);
  });

  it('has no limit on reconnects', () => {
    expect(connectOptions('nats://a:4222')).toMatchObject({ maxReconnectAttempts: -1, waitOnFirstConnect: true });
  });
});

describe('the version of nats-server', () => {
  it.each([
    ['2.9.10', false],
    ['2.10.0', true],
    ['2.15.2', true],
    ['3.0.0', true],
    ['1.4.1', false],
    ['', false],
  ])('%s is supported: %s', (version, expected) => expect(isSupported(version)).toBe(expected));
});
