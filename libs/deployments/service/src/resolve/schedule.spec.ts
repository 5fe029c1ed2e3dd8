import { DEFAULT_INGRESS, readApplication, readProfile } from '#deployments/contract';
import { profile } from '../testing/fixtures.ts';
import { resolve } from './resolve.ts';
import { changesBetween, summaryOf } from './summary.ts';

const resolved = (image: object, more: object = {}) => {
  const spec = readApplication({
    name: 'report',
    ...more,
    source: { type: 'image', image: { repository: 'report', tag: '1', ...image } },
  });
  const read = readProfile(
    profile('staging', {
      availabilityTier: 'premium',
      defaults: { port: 3_000, replicas: 4, health: { path: '/' }, strategy: 'rolling' },
    }),
  );
  if (!spec.ok || !read.ok) throw new Error(JSON.stringify([spec, read]));
  return resolve({
    spec: spec.value,
    applicationId: 'a',
    revision: 1,
    profile: { id: 'p', revision: 1, spec: read.value },
    defaultTier: 'basic',
    targetNamespace: 'shop',
    identity: {},
    cluster: { name: 'dev', ingress: DEFAULT_INGRESS },
    secrets: {},
  });
};
const revision = (...given: Parameters<typeof resolved>) => {
  const done = resolved(...given);
  if (!done.ok || done.value.source.type !== 'image') throw new Error(JSON.stringify(done));
  return { ...done.value, source: done.value.source };
};

describe('an image application on a schedule', () => {
  it('ignores what its profile sets for applications that serve requests', () => {
    const { workload } = revision({ schedule: '0 3 * * *', timeZone: 'Europe/Berlin' }).source;
    expect(workload).toMatchObject({ schedule: '0 3 * * *', timeZone: 'Europe/Berlin', replicas: 1, ports: [] });
    for (const member of ['port', 'health', 'strategy', 'autoscaling', 'host'])
      expect(workload).not.toHaveProperty(member);
  });

  it('cannot have external access', () =>
    expect(resolved({ schedule: '@daily' }, { externalAccess: { hostname: 'report.acme.dev' } })).toEqual({
      ok: false,
      error: [
        { pointer: '/externalAccess', message: 'cannot be combined with schedule, because the pods serve no requests' },
      ],
    }));

  it('is summarized with its schedule, and compared', () => {
    const before = revision({ schedule: '0 3 * * *' });
    const after = revision({ schedule: '0 4 * * *', concurrencyPolicy: 'Allow' });
    expect(summaryOf(before)).toContain('schedule 0 3 * * *');
    expect(summaryOf(before)).not.toContain('replicas 1');
    expect(changesBetween(before, after)).toEqual(['schedule 0 3 * * * -> 0 4 * * *', 'concurrencyPolicy Allow added']);
  });
});

describe('a step before a rollout', () => {
  it('has its timeout in seconds', () =>
    expect(revision({ preDeploy: { command: ['migrate'], timeout: '10m' } }).source.workload.preDeploy).toEqual({
      command: ['migrate'],
      timeoutSeconds: 600,
    }));

  it('is summarized without its words', () => {
    const before = revision({ preDeploy: { command: ['migrate', '--secret', 'a'], timeout: '90s' } });
    const after = revision({ preDeploy: { command: ['migrate', '--secret', 'b'], timeout: '90s' } });
    expect(summaryOf(before)).toContain('preDeploy 3 words, timeout 90 s');
    expect(changesBetween(before, after)).toEqual(['preDeploy changed']);
    expect(changesBetween(revision({}), before)).toEqual(['preDeploy 3 words, timeout 90 s added']);
  });
});
