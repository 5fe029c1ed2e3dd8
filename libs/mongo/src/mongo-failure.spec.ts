import { describeFailure } from './mongo-failure.ts';

const AT = 'mongodb://db.acme.dev:27017';
const failure = (name: string, more: object = {}, message = 'words of the driver with user:secret@db') =>
  Object.assign(new Error(message), { name, ...more });
const choosing = (...errors: readonly Error[]) =>
  failure('MongooseServerSelectionError', {
    reason: { servers: new Map(errors.map((error, n) => [`host${n}`, { error }])) },
  });
const network = (cause?: Error, message?: string) => failure('MongoNetworkError', { cause }, message);
const describedAs = (error: unknown) => describeFailure(error, AT, 'astro');

describe('a failure of MongoDB', () => {
  it.each([
    ['no response', choosing(network(failure('Error', { code: 'ECONNREFUSED' }))), /^no MongoDB server responds at/],
    [
      'an unknown host name',
      choosing(network(failure('Error', { code: 'ENOTFOUND' }))),
      /^no MongoDB server responds at/,
    ],
    ['no service record', failure('Error', { code: 'ENOTFOUND' }), /^no MongoDB server responds at/],
    ['wrong credentials', failure('MongoServerError', { code: 18 }), /refuses the user name or the password/],
    [
      'wrong credentials at Atlas',
      failure('MongoServerError', { code: 8000 }),
      /refuses the user name or the password/,
    ],
    ['credentials on a new connection', choosing(failure('MongoServerError', { code: 18 })), /refuses the user name/],
    [
      'a user without permissions',
      failure('MongoServerError', { code: 13 }),
      /use the database astro; grant it the role/,
    ],
    [
      'an untrusted certificate',
      choosing(network(failure('Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }))),
      /tlsCAFile=/,
    ],
    ['an expired certificate', choosing(network(failure('Error', { code: 'CERT_HAS_EXPIRED' }))), /is not trusted/],
    [
      'a certificate of another host',
      choosing(network(failure('Error', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }))),
      /another host name/,
    ],
    [
      'a server without TLS',
      choosing(network(failure('Error', { code: 'EPROTO' }))),
      /does not respond with TLS; remove tls=true/,
    ],
    [
      'a server that requires TLS',
      choosing(network(undefined, 'connection 1 to 10.0.0.1:27017 closed')),
      /add tls=true/,
    ],
    [
      'a socket error of the driver',
      failure('Error', { code: 'ECONNRESET' }, 'write ECONNRESET'),
      /closes connections/,
    ],
    ['a broken pipe', failure('Error', { code: 'EPIPE' }, 'write EPIPE'), /^no MongoDB server responds at/],
    ['an old server', choosing(failure('MongoCompatibilityError')), /is too old; use MongoDB 4\.2 or newer/],
    [
      'another refusal',
      failure('MongoServerError', { code: 91, codeName: 'ShutdownInProgress' }),
      /\(ShutdownInProgress\)/,
    ],
  ])('is described in one sentence without secrets: %s', (_what, error, sentence) => {
    const described = describedAs(error);
    expect(described?.sentence).toMatch(sentence);
    expect(described?.sentence).toMatch(/^[^A-Z].*\.$/s);
    expect(described?.sentence).not.toContain('secret');
    expect(described?.isDiskFull).toBe(false);
  });

  it('is identified if the disk is full', () => {
    expect(describedAs(failure('MongoServerError', { code: 14_031 }))).toMatchObject({ isDiskFull: true });
  });

  it.each([
    ['a TypeError', new TypeError('x')],
    ['an operator that does not exist', failure('MongoServerError', { code: 2 })],
    ['a document that is too large', failure('MongoServerError', { code: 10_334 })],
    ['a duplicate key', failure('MongoBulkWriteError', { code: 11_000 })],
    ['a wrong argument', failure('MongoInvalidArgumentError')],
    ['a CastError', failure('CastError')],
    ['nothing', undefined],
  ])('is undefined for a defect of the caller: %s', (_what, error) => {
    expect(describedAs(error)).toBeUndefined();
  });
});
