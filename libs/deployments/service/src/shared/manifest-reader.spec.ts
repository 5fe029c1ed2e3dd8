import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { ManifestReader } from './manifest-reader.service.ts';

const reader = new ManifestReader(systemClock, silentLogger);
afterAll(() => reader.onApplicationShutdown());

const image = { repository: 'app', tag: '1' };
const application = (more: object = {}) => ({ name: 'web', source: { type: 'image', image }, ...more });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`label-${n}`, 'x']));

/** Returns whether work needs turns of the event loop. Work on this thread settles in microtasks. */
async function turns(work: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => (isSettled = true);
  work.then(settle, settle);
  for (let promises = 0; promises < 1_000; promises++) await Promise.resolve();
  const needsTurns = !isSettled;
  await work.catch(() => {});
  return needsTurns;
}

describe('manifests', () => {
  it('are read, with or without an envelope, with the pointer of their spec', async () => {
    const flat = await reader.application('web', application());
    expect(flat).toMatchObject({ ok: true, value: { spec: { name: 'web' }, pointer: '' } });
    const envelope = { apiVersion: 'platform.astropulse.io/v1', kind: 'Application', spec: application() };
    expect(await reader.application('web', envelope)).toMatchObject({ ok: true, value: { pointer: '/spec' } });
    const profile = { name: 'production', clusterName: 'dev' };
    expect(await reader.profile('production', profile)).toMatchObject({
      ok: true,
      value: { spec: { profileName: 'production' } },
    });
    const registration = { name: 'dev', server: 'https://dev.acme.dev' };
    expect(await reader.registration('dev', registration)).toMatchObject({ ok: true, value: { clusterName: 'dev' } });
  });

  it('are rejected under another name, and with errors', async () => {
    expect(await reader.application('other', application())).toMatchObject({
      error: { code: 'deployments/name-mismatch' },
    });
    expect(await reader.profile('production', { name: 'production', cluster: 'dev' })).toMatchObject({
      error: {
        code: 'deployments/manifest-invalid',
        errors: [{ pointer: '/cluster', message: 'is not a known field' }],
      },
    });
    expect(await reader.registration('dev', undefined)).toMatchObject({
      error: { code: 'deployments/manifest-invalid' },
    });
  });
});

describe('use-S4: large manifests', () => {
  it('are read outside the event loop, and small ones immediately', async () => {
    expect(await turns(reader.application('web', application()))).toBe(false);
    expect(await turns(reader.application('web', application({ labels: many(15_000) })))).toBe(true);
    const manifests = `${'# a comment\n'.repeat(50_000)}apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n`;
    const read = reader.application('web', { name: 'web', source: { type: 'yaml', yaml: { manifests } } });
    expect(await turns(read)).toBe(true);
    expect(await read).toMatchObject({ ok: true, value: { spec: { source: { yaml: { manifests } } } } });
  });

  it('are rejected with some of their errors', async () => {
    const labels = Object.fromEntries(Array.from({ length: 15_000 }, (_, n) => [`label ${n}`, {}]));
    const read = await reader.application('web', application({ labels }));
    expect(read).toMatchObject({ ok: false, error: { code: 'deployments/manifest-invalid' } });
    expect(read.ok || read.error.errors).toHaveLength(50);
    expect(await reader.application('web', application({ labels: many(101) }))).toMatchObject({
      error: { errors: [{ pointer: '/labels', message: 'must be at most 100 labels' }] },
    });
  });

  it('are rejected temporarily when too many are waiting', async () => {
    const manifest = application({ description: 'x'.repeat(20_000) });
    const all = await Promise.all(Array.from({ length: 200 }, () => reader.application('web', manifest)));
    const codes = new Set(all.map((read) => read.ok || read.error.code));
    expect(codes).toEqual(new Set(['deployments/manifest-invalid', 'deployments/busy']));
  });
});
