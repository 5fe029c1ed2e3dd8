import { readConfiguration } from '#runtime';
import { settingChecks } from './setting-checks.ts';

function checksOf(environment: Record<string, string>, host = '127.0.0.1') {
  const read = readConfiguration(environment);
  if (!read.ok) throw new Error(read.error.join(' '));
  const { configuration } = read.value;
  const publicUrl = configuration.publicUrl ?? 'http://127.0.0.1:8080';
  return Object.fromEntries(
    settingChecks({ configuration, host, publicUrl }).map(({ name, status, fix }) => [name, [status, fix !== null]]),
  );
}

describe('the checks of the settings', () => {
  it.each([
    ['nothing is set on this machine', {}, '127.0.0.1', 'ok'],
    ['it listens on all addresses, and its address is unknown', {}, '0.0.0.0', 'warn'],
    ['the address has no encryption', { ASTRO_PUBLIC_URL: 'http://astro.acme.dev' }, '0.0.0.0', 'warn'],
    ['the address has encryption', { ASTRO_PUBLIC_URL: 'https://astro.acme.dev' }, '0.0.0.0', 'ok'],
    ['the address is that of this machine', { ASTRO_PUBLIC_URL: 'http://localhost:8080' }, '0.0.0.0', 'ok'],
  ] as const)('of the public address, if %s: %j, %s: %s', (_if, environment, host, status) =>
    expect(checksOf(environment, host)['public address']).toEqual([status, status === 'warn']),
  );

  it('of the contact, which is otherwise the generated admin', () => {
    expect(checksOf({})['contact']).toEqual(['warn', true]);
    expect(checksOf({ ASTRO_CONTACT: 'ops@acme.dev' })['contact']).toEqual(['ok', false]);
  });
});
