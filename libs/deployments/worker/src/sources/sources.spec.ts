import { parseEgressPolicy } from '#egress';
import { domainError, err, ok } from '#kernel';
import { systemClock } from '#runtime/system';
import type { GitSource, SourceContext } from '#sources';
import { eventually } from '#testing';
import { encodeText } from '#vault';
import { sourceLibrary, type SourceLibrary } from './source-library.worker.ts';
import { Sources } from './sources.worker.ts';

const source: GitSource = {
  type: 'git',
  url: 'https://git.acme.dev/a.git',
  path: '',
  accepts: 'any',
  releaseName: 'web',
};
const pin = { type: 'git', commit: '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90' } as const;

function sourcesWith(pinGit: SourceLibrary['pinGit'], allowed = ''): Sources {
  const policy = parseEgressPolicy(allowed);
  if (!policy.ok) throw new Error(policy.error.detail);
  const stored = new Map([['host-credential/org-1/1', { credential: { user: 'deploy', secret: 'token' } }]]);
  const records = {
    get: (name: string) => {
      const found = stored.get(name);
      return Promise.resolve(found && { value: encodeText(JSON.stringify(found)) });
    },
    put: () => Promise.reject(new Error('nothing is stored')),
  };
  const settings = { programs: () => Promise.resolve({ git: '/usr/bin/git' }), folder: '/tmp' };
  return new Sources(records, policy.value, systemClock, { ...sourceLibrary, pinGit }, settings);
}

/** Pins with a library that only returns what it was given. */
async function contextOf(access: Parameters<Sources['pin']>[1], allowed = ''): Promise<SourceContext> {
  let given: SourceContext | undefined;
  const sources = sourcesWith((_source, context) => {
    given = context;
    return Promise.resolve(ok(pin));
  }, allowed);
  expect(await sources.pin(source, access)).toEqual(ok(pin));
  if (!given) throw new Error('the library was not called');
  return given;
}

describe('sources of a worker', () => {
  const credentials = [{ host: 'git.acme.dev', kind: 'git' as const, record: 'host-credential/org-1/1' }];

  it('D4: give the credential of a host to this host, port, and kind only', async () => {
    const { settingsOf } = await contextOf({ credentials });
    expect(await settingsOf('git.acme.dev', 'git')).toEqual({ credential: { user: 'deploy', secret: 'token' } });
    expect(await settingsOf('GIT.acme.dev', 'git')).toBeDefined();
    for (const other of [
      'acme.dev',
      'evil.git.acme.dev',
      'git.acme.dev.evil.dev',
      'git.acme.dev:8443',
      'git.acme.devil',
    ])
      expect(await settingsOf(other, 'git')).toBeUndefined();
    expect(await settingsOf('git.acme.dev', 'registry')).toBeUndefined();
  });

  it('D3: contact private addresses only if the settings or a global admin allow them', async () => {
    const target = { host: 'git.acme.dev', address: '10.4.0.7', port: 443 };
    const refusing = await contextOf({ credentials: [] });
    expect(refusing.egress.refusal(target)).toMatchObject({ code: 'clusters/egress-refused' });
    expect(refusing.egress.refusal({ ...target, address: '93.184.216.34' })).toBeUndefined();
    const byAdmin = await contextOf({ credentials: [], egress: { revision: 1, allowed: ['10.4.0.0/16'] } });
    expect(byAdmin.egress.refusal(target)).toBeUndefined();
    const bySetting = await contextOf({ credentials: [] }, '10.4.0.0/16');
    expect(bySetting.egress.refusal(target)).toBeUndefined();
  });

  it('return the refusal of the library', async () => {
    const refusal = domainError('sources/revision-not-found', 'not-found', 'main does not exist.');
    const sources = sourcesWith(() => Promise.resolve(err(refusal)));
    expect(await sources.pin(source, { credentials: [] })).toEqual(err(refusal));
  });

  it('are worked on by a limited number of processes, in the order of the requests', async () => {
    const waiting: (() => void)[] = [];
    const order: string[] = [];
    const sources = sourcesWith(async ({ url }) => {
      order.push(url);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return ok(pin);
    });
    const urls = Array.from({ length: 9 }, (_, at) => `https://git.acme.dev/${at}.git`);
    const all = urls.map((url) => sources.pin({ ...source, url }, { credentials: [] }));
    await eventually(() => expect(order).toHaveLength(6));
    for (let done = 0; done < urls.length; done++) {
      await eventually(() => expect(waiting.length).toBeGreaterThan(0));
      waiting.shift()?.();
    }
    await Promise.all(all);
    expect(order).toEqual(urls);
  });
});
