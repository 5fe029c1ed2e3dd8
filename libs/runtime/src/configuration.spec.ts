import { readConfiguration } from './configuration.ts';
import { VARIABLES, type Variable } from './variables.ts';

const read = (environment: Record<string, string>) => readConfiguration(environment, { dataDir: '/data' });
const external = {
  ASTRO_OIDC_ISSUER: 'https://issuer.acme.dev',
  ASTRO_OIDC_AUDIENCE: 'astro',
  ASTRO_OIDC_CLI_CLIENT_ID: 'cli',
  ASTRO_OIDC_CONSOLE_CLIENT_ID: 'web',
  ASTRO_ADMIN_EMAILS: 'ada@acme.dev',
};
const companions = (name: string): Record<string, string> =>
  name === 'ASTRO_MAIL_URL'
    ? { ASTRO_MAIL_FROM: 'astro@acme.dev' }
    : name.startsWith('ASTRO_OIDC_') && !name.includes('CLAIM')
      ? external
      : {};

describe('the environment', () => {
  it('needs no variable: every default is the embedded profile', () => {
    expect(read({})).toMatchObject({
      ok: true,
      value: {
        warnings: [],
        configuration: {
          port: 8080,
          dataDir: '/data',
          eventStore: { kind: 'embedded' },
          bus: { kind: 'embedded' },
          oidc: { kind: 'built-in' },
          contact: 'admin@astro.localhost',
        },
      },
    });
  });

  it.each(
    Object.values<Variable>(VARIABLES).flatMap((one) => (one.default === undefined ? [] : [[one.name, one] as const])),
  )('%s accepts its default as an explicit value', (name, { default: text = '' }) => {
    const around = companions(name);
    const [written, left] = [readConfiguration({ ...around, [name]: text }), readConfiguration(around)];
    expect(written).toEqual(left);
    expect(written.ok).toBe(true);
  });

  it('needs a sender for a mail server, and has one for the outbox', () => {
    expect(read({ ASTRO_MAIL_URL: 'smtp://mail.acme.dev' })).toMatchObject({
      ok: false,
      error: [expect.stringMatching(/^ASTRO_MAIL_FROM is required when ASTRO_MAIL_URL is set/)],
    });
    expect(read({})).toMatchObject({
      value: { configuration: { mail: { kind: 'embedded' }, mailFrom: 'Astro Platform <astro@localhost>' } },
    });
  });

  it('has other defaults for some kinds of processes', () => {
    expect(readConfiguration({}, { port: '0' })).toMatchObject({ ok: true, value: { configuration: { port: 0 } } });
    expect(readConfiguration({ PORT: '81' }, { port: '0' })).toMatchObject({ value: { configuration: { port: 81 } } });
  });

  describe.each(Object.values(VARIABLES).map((variable) => [variable.name, variable] as const))(
    '%s',
    (name, { good, bad, ...variable }) => {
      it('is accepted when it is valid', () =>
        expect(read({ ...companions(name), [name]: good })).toMatchObject({ ok: true }));

      it('is rejected when it is empty', () => {
        const outcome = read({ ...companions(name), [name]: '  ' });
        expect(outcome).toMatchObject({ ok: 'mayBeEmpty' in variable });
        if (outcome.ok) return;
        expect(outcome.ok ? [] : outcome.error).toContain(`${name} is empty; give it a value or unset it.`);
      });

      it.each([...bad])('is rejected in one sentence that contains its name, but not %j', (text) => {
        const outcome = read({ ...companions(name), [name]: text });
        const sentences = outcome.ok ? [] : outcome.error;
        expect(sentences).toHaveLength(1);
        expect(sentences[0]).toMatch(new RegExp(`^${name} .+\\.$`));
        expect(sentences[0]).not.toContain(text);
      });
    },
  );

  it('reports the variables that an external issuer requires', () => {
    const outcome = read({ ASTRO_OIDC_ISSUER: 'https://issuer.acme.dev' });
    expect(outcome.ok ? [] : outcome.error).toHaveLength(3);
  });

  const oidc = (more: Record<string, string> = {}) => {
    const outcome = read({ ...external, ...more });
    return outcome.ok ? outcome.value.configuration.oidc : outcome.error;
  };

  it('use-I1: keeps the issuer unchanged, with its trailing slash', () => {
    for (const issuer of ['https://acme.eu.auth0.com/', 'https://acme.dev/realms/main', 'https://acme.dev/a//'])
      expect(oidc({ ASTRO_OIDC_ISSUER: issuer })).toMatchObject({ issuer });
  });

  it('use-I6: sets scopes and resource of logins; an empty resource is not sent', () => {
    expect(oidc()).toMatchObject({ scope: 'openid profile email offline_access', resource: 'astro' });
    expect(oidc({ ASTRO_OIDC_RESOURCE: '' })).toMatchObject({ resource: undefined });
    expect(oidc({ ASTRO_OIDC_RESOURCE: 'https://a.dev/', ASTRO_OIDC_SCOPE: 'openid api://a/b' })).toMatchObject({
      scope: 'openid api://a/b',
      resource: 'https://a.dev/',
    });
    expect(read({ ASTRO_OIDC_SCOPE: 'openid' })).toMatchObject({
      ok: false,
      error: ['ASTRO_OIDC_SCOPE needs ASTRO_OIDC_ISSUER; set that too, or unset it.'],
    });
  });

  it('reports all mistakes', () => {
    const outcome = read({ PORT: 'x', ASTRO_BUS: 'y' });
    expect(outcome.ok ? [] : outcome.error).toHaveLength(2);
  });

  it('reports a mistyped name, but not those of tests and Kubernetes', () => {
    const outcome = read({ ASTRO_EVNT_STORE: 'embedded', ASTRO_TEST_NATS_URL: 'x' });
    expect(outcome).toMatchObject({
      ok: true,
      value: { warnings: ['ASTRO_EVNT_STORE is not a setting of the platform; did you mean ASTRO_EVENT_STORE?'] },
    });
  });
});
