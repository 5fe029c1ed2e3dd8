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
  name.startsWith('ASTRO_OIDC_') && !name.includes('CLAIM') ? external : {};

describe('the environment', () => {
  it('needs nothing: every default is the embedded profile', () => {
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
  )('%s has a default that it takes when it is written out', (name, { default: text = '' }) => {
    const [written, left] = [readConfiguration({ [name]: text }), readConfiguration({})];
    expect(written).toEqual(left);
    expect(written.ok).toBe(true);
  });

  it('has other defaults where the kind of process says so', () => {
    expect(readConfiguration({}, { port: '0' })).toMatchObject({ ok: true, value: { configuration: { port: 0 } } });
    expect(readConfiguration({ PORT: '81' }, { port: '0' })).toMatchObject({ value: { configuration: { port: 81 } } });
  });

  describe.each(Object.values(VARIABLES).map((variable) => [variable.name, variable] as const))(
    '%s',
    (name, { good, bad }) => {
      it('is taken when it is right', () =>
        expect(read({ ...companions(name), [name]: good })).toMatchObject({ ok: true }));

      it('is refused when it is empty', () => {
        const outcome = read({ ...companions(name), [name]: '  ' });
        expect(outcome).toMatchObject({ ok: false });
        expect(outcome.ok ? [] : outcome.error).toContain(`${name} is empty; give it a value or unset it.`);
      });

      it.each([...bad])('is refused in one sentence that names it and does not repeat %j', (text) => {
        const outcome = read({ ...companions(name), [name]: text });
        const sentences = outcome.ok ? [] : outcome.error;
        expect(sentences).toHaveLength(1);
        expect(sentences[0]).toMatch(new RegExp(`^${name} .+\\.$`));
        expect(sentences[0]).not.toContain(text);
      });
    },
  );

  it('names what an external issuer needs besides', () => {
    const outcome = read({ ASTRO_OIDC_ISSUER: 'https://issuer.acme.dev' });
    expect(outcome.ok ? [] : outcome.error).toHaveLength(4);
  });

  it('says every mistake at once', () => {
    const outcome = read({ PORT: 'x', ASTRO_BUS: 'y' });
    expect(outcome.ok ? [] : outcome.error).toHaveLength(2);
  });

  it('points at a mistyped name, and leaves the names of tests and of Kubernetes alone', () => {
    const outcome = read({ ASTRO_EVNT_STORE: 'embedded', ASTRO_TEST_NATS_URL: 'x' });
    expect(outcome).toMatchObject({
      ok: true,
      value: { warnings: ['ASTRO_EVNT_STORE is not a setting of the platform; did you mean ASTRO_EVENT_STORE?'] },
    });
  });
});
