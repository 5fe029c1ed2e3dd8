import { canonicalJson } from '#kernel';
import { DEFAULT_INGRESS, readApplication, readProfile, type IngressSettings } from '#deployments/contract';
import { image, profile } from '../testing/fixtures.ts';
import { canonicalCpu, canonicalMemory } from './quantities.ts';
import { resolve, type ResolveInput } from './resolve.ts';
import { missingSecrets, withSecrets } from './secrets.ts';
import { volumeErrors } from './volumes.ts';
import { changesBetween, limitsText, profileSettings, summaryOf } from './summary.ts';

const inputOf = (
  manifest: unknown,
  profileManifest: unknown = profile('staging'),
  defaultTier = 'basic',
  ingress: Partial<IngressSettings> = {},
  secrets: ResolveInput['secrets'] = {},
): ResolveInput => {
  const spec = readApplication(manifest);
  const read = readProfile(profileManifest);
  if (!spec.ok || !read.ok) throw new Error(JSON.stringify([spec, read]));
  return {
    spec: spec.value,
    applicationId: '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02',
    revision: 1,
    profile: { id: 'p1', revision: 3, spec: read.value },
    defaultTier,
    targetNamespace: 'acme-web',
    identity: {},
    cluster: { name: 'dev', ingress: { ...DEFAULT_INGRESS, ...ingress } },
    secrets,
  };
};
const workload = (...given: Parameters<typeof inputOf>) => {
  const resolved = resolve(inputOf(...given));
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
  if (resolved.value.source.type !== 'image') throw new Error('no image');
  return resolved.value.source.workload;
};
const faults = (...given: Parameters<typeof inputOf>) => {
  const resolved = resolve(inputOf(...given));
  return resolved.ok ? [] : resolved.error;
};
const whole = (...given: Parameters<typeof inputOf>) => {
  const resolved = resolve(inputOf(...given));
  if (!resolved.ok) throw new Error('refused');
  return resolved.value;
};

describe('resolving a revision', () => {
  it('uses the tier by default', () => {
    expect(workload(image('web', '1'))).toMatchObject({
      image: 'images.acme.dev/web:1',
      port: 8_080,
      replicas: 1,
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
    });
    expect(workload(image('web', '1'), profile('staging', { availabilityTier: 'premium' }))).toMatchObject({
      replicas: 3,
      autoscaling: { min: 3, max: 9, cpu: 80, memory: 80 },
      spread: 'hard',
    });
    expect(workload(image('web', '1'), undefined, 'standard').replicas).toBe(3);
  });
  it('prefers the profile to the tier, and the application to the profile, value by value', () => {
    const resources = { requests: { cpu: '0.15' }, limits: { cpu: '1000m', memory: '1024Mi' } };
    const defaults = {
      port: 3_000,
      env: [
        { name: 'A', value: 'profile' },
        { name: 'B', value: 'profile' },
      ],
      resources: { limits: { memory: '512Mi' } },
    };
    const resolved = workload(
      image('web', '1', { env: [{ name: 'B', value: 'own' }], resources: { requests: { memory: '200Mi' } } }),
      profile('staging', { resources, defaults }),
    );
    expect(resolved).toMatchObject({
      port: 3_000,
      env: [
        { name: 'A', value: 'profile' },
        { name: 'B', value: 'own' },
      ],
      resources: { requests: { cpu: '150m', memory: '200Mi' }, limits: { cpu: '1', memory: '512Mi' } },
    });
    expect(limitsText(resolved)).toBe('cpu 150m/1, memory 200Mi/512Mi');
  });
  it('restricts replicas and autoscaling to the bounds of the tier', () => {
    expect(faults(image('web', '1', { replicas: 5 }))).toEqual([
      { pointer: '/source/image/replicas', message: 'must be between 1 and 3 on tier basic' },
    ]);
    expect(faults(image('web', '1', { autoscaling: { min: 1, max: 9 } }))).toMatchObject([
      { pointer: '/source/image/autoscaling' },
    ]);
    expect(faults(image('web', '1'), profile('staging', { defaults: { replicas: 9 } }))).toMatchObject([
      { pointer: '/profileName' },
    ]);
    expect(
      workload(image('web', '1', { replicas: 4 }), profile('staging', { availabilityTier: 'premium' })),
    ).not.toHaveProperty('autoscaling');
  });
  it('use-C9: names the profile whose replicas are out of bounds', () =>
    expect(faults(image('web', '1'), profile('staging', { defaults: { replicas: 9 } }))).toEqual([
      {
        pointer: '/profileName',
        message: 'names a profile whose replicas must be between 1 and 3 on tier basic',
      },
    ]));
  it('use-D18: rejects fields that conflict with those of the profile', () => {
    const defaults = { port: 3_000, volumes: [{ name: 'a', size: '1Gi', mountPath: '/etc/a' }] };
    const more = { ports: [{ name: 'again', port: 3_000 }], configFiles: [{ path: '/etc/a', content: '' }] };
    expect(faults(image('web', '1', more), profile('staging', { defaults }))).toEqual([
      {
        pointer: '/source/image/ports/0/port',
        message: 'is the main port of the container already; use another port',
      },
      {
        pointer: '/source/image',
        message: 'together with its profile has configFiles of which one is the same as in volumes[0]',
      },
    ]);
  });
  it('rejects a request above its limit', () => {
    expect(faults(image('web', '1', { resources: { requests: { cpu: '2' } } }))).toEqual([
      { pointer: '/source/image/resources/limits/cpu', message: 'cpu limit 200m is below the request 2' },
    ]);
  });
  it('use-D21: accepts a container without a port, and rejects fields that need one', () => {
    const none = { port: 'none' };
    expect(workload(image('web', '1', none))).not.toHaveProperty('port');
    expect(workload(image('web', '1', { port: 3_000 }), profile('staging', { defaults: none })).port).toBe(3_000);
    const ownPort = { health: { path: '/', port: 81 } };
    expect(workload(image('web', '1', ownPort), profile('staging', { defaults: none }))).not.toHaveProperty('port');
    expect(
      faults(image('web', '1', { ...none, health: { path: '/' } }, { externalAccess: { domain: 'apps.acme.dev' } })),
    ).toEqual([
      { pointer: '/externalAccess', message: 'needs a port, but port is none' },
      { pointer: '/source/image', message: 'has port none, so health needs a port of its own: set health.port' },
    ]);
  });
  it('use-D21: uses class, domain, and TLS of the Ingress from the settings of the cluster', () => {
    const open = (externalAccess: object, ingress: Partial<IngressSettings> = {}) => {
      const { host, ingressClassName, tlsSecretName, ingressAnnotations } = workload(
        image('web', '1', {}, { externalAccess }),
        undefined,
        undefined,
        ingress,
      );
      return { host, ingressClassName, tlsSecretName, ingressAnnotations };
    };
    const exact = { hostname: 'www.acme.dev' };
    expect(open(exact)).toEqual({ host: 'www.acme.dev' });
    expect(open(exact, { class: 'nginx', tls: 'secret:wildcard' })).toEqual({
      host: 'www.acme.dev',
      ingressClassName: 'nginx',
      tlsSecretName: 'wildcard',
    });
    const annotations = { 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' };
    expect(open({}, { domain: 'apps.acme.dev', tls: 'issuer:letsencrypt', annotations })).toEqual({
      host: 'web-9c02.apps.acme.dev',
      tlsSecretName: 'web-tls',
      ingressAnnotations: { ...annotations, 'cert-manager.io/cluster-issuer': 'letsencrypt' },
    });
    expect(open({ domain: 'own.dev' }, { domain: 'apps.acme.dev' })).toEqual({ host: 'web-9c02.own.dev' });
    expect(workload(image('web', '1'), undefined, undefined, { class: 'nginx', tls: 'secret:wildcard' })).not.toEqual(
      expect.objectContaining({ ingressClassName: 'nginx' }),
    );
  });

  it('use-D21: rejects external access without a domain, with the command that sets one', () => {
    expect(faults(image('web', '1', {}, { externalAccess: {} }))).toEqual([
      {
        pointer: '/externalAccess',
        message: expect.stringContaining('astroctl clusters ingress set dev --domain DOMAIN'),
      },
    ]);
  });

  it('use-D21: lists changes of the Ingress', () => {
    const exact = image('web', '1', {}, { externalAccess: { hostname: 'www.acme.dev' } });
    const before = whole(exact, undefined, undefined, { annotations: { a: '1', b: '1' } });
    const after = whole(exact, undefined, undefined, { class: 'nginx', tls: 'secret:tls', annotations: { a: '2' } });
    expect(changesBetween(before, after)).toEqual([
      'ingressClass nginx added',
      'tlsSecret tls added',
      'ingressAnnotation b removed',
      'ingressAnnotation a changed',
    ]);
  });

  it('generates a stable host, and uses an exact one as given', () => {
    const domain = { externalAccess: { domain: 'apps.acme.dev' } };
    expect(workload(image('web', '1', {}, domain)).host).toBe('web-9c02.apps.acme.dev');
    expect(workload(image('web', '2', {}, domain)).host).toBe('web-9c02.apps.acme.dev');
    expect(workload(image('web', '1', {}, { externalAccess: { hostname: 'www.acme.dev' } })).host).toBe('www.acme.dev');
  });
  it('lists changes without revealing hidden values', () => {
    const before = whole(image('web', '1.4.2', { env: [{ name: 'A', value: 'x' }], replicas: 1 }));
    const after = whole(
      image('web', '1.5.0', {
        env: [
          { name: 'A', value: 'y' },
          { name: 'B', value: 'z' },
        ],
        replicas: 2,
        volumes: [{ name: 'data', size: '1Gi', mountPath: '/data', accessMode: 'ReadWriteMany' }],
      }),
    );
    expect(changesBetween(before, after)).toEqual([
      'image 1.4.2 -> 1.5.0',
      'env B added',
      'replicas 1 -> 2',
      'volume data 1Gi at /data ReadWriteMany added',
      'env A changed',
    ]);
    expect(changesBetween(after, before)).toContain('env B removed');
    expect(changesBetween(before, before)).toEqual([]);
  });
  it('use-D20: reports a file, a variable or a health check as changed only if it is', () => {
    const more = {
      env: [{ name: 'A', value: 'x' }],
      configFiles: [{ path: '/etc/a', content: 'x' }],
      health: { path: '/', periodSeconds: 5 },
    };
    const after = whole(image('web', '1', more));
    const stored = JSON.parse(canonicalJson(after)) as typeof after; // as the vault stores it: members sorted by name
    expect(changesBetween(stored, after)).toEqual([]);
    const other = whole(image('web', '1', { ...more, configFiles: [{ path: '/etc/a', content: 'y' }] }));
    expect(changesBetween(stored, other)).toEqual(['file /etc/a changed']);
  });
  it('limits a summary to 32 KiB', () => {
    const env = Array.from({ length: 500 }, (_, index) => ({ name: `${'LONG_'.repeat(45)}${index}`, value: 'x' }));
    const summary = summaryOf(whole(image('web', '1', { env })));
    expect(Buffer.byteLength(JSON.stringify(summary))).toBeLessThanOrEqual(32 * 1_024);
    expect(summary.at(-1)).toMatch(/^and \d+ more settings$/);
  });
  it('lists settings of a profile by name', () => {
    const read = readProfile(
      profile('staging', { availabilityTier: 'basic', defaults: { port: 1, env: [{ name: 'A', value: 'hidden' }] } }),
    );
    expect(read.ok && profileSettings(read.value)).toEqual(['availabilityTier', 'defaults.port', 'defaults.env A']);
  });
});

describe('use-D16: volumes', () => {
  const data = { name: 'data', size: '10Gi', mountPath: '/data' };
  const shared = { ...data, accessMode: 'ReadWriteMany' };
  const premium = profile('staging', { availabilityTier: 'premium' });

  it('of one writer require one replica, regardless of the tier’s minimum', () => {
    const resolved = workload(image('web', '1', { volumes: [data] }), premium);
    expect(resolved.replicas).toBe(1);
    expect(resolved).not.toHaveProperty('autoscaling');
    expect(workload(image('web', '1', { volumes: [data], replicas: 1 }), premium).replicas).toBe(1);
    expect(
      workload(image('web', '1'), profile('staging', { availabilityTier: 'premium', defaults: { volumes: [data] } }))
        .replicas,
    ).toBe(1);
  });
  it('of one writer allow no second replica and no autoscaling', () => {
    expect(faults(image('web', '1', { volumes: [data], replicas: 3 }), premium)).toEqual([
      {
        pointer: '/source/image/replicas',
        message: 'must be 1 with the volume data, which allows one writer; set accessMode: ReadWriteMany for more',
      },
    ]);
    expect(faults(image('web', '1', { volumes: [data], autoscaling: { min: 1, max: 1 } }), premium)).toMatchObject([
      { pointer: '/source/image/autoscaling' },
    ]);
    expect(
      faults(image('web', '1', { volumes: [data] }), profile('staging', { defaults: { replicas: 2 } })),
    ).toMatchObject([{ pointer: '/profileName' }]);
  });
  it('of many writers leave replicas to the tier', () => {
    const resolved = workload(image('web', '1', { volumes: [shared] }), premium);
    expect(resolved).toMatchObject({ replicas: 3, autoscaling: { min: 3 }, volumes: [shared] });
  });
  it('can grow, but not change in any other way', () => {
    const errors = (before: object, after: object) =>
      volumeErrors(whole(image('web', '1', { volumes: [before] })), whole(image('web', '2', { volumes: [after] })));
    expect(errors(data, { ...data, size: '20Gi', mountPath: '/other' })).toEqual([]);
    expect(errors(data, { ...data, name: 'other', size: '1Gi' })).toEqual([]);
    expect(errors(data, { ...data, size: '10240Mi' })).toEqual([]);
    expect(errors(data, { ...data, size: '5Gi' })).toEqual([
      {
        pointer: '/source/image/volumes/0/size',
        message: 'cannot shrink from 10Gi to 5Gi; use a volume with another name',
      },
    ]);
    expect(errors(data, shared)).toMatchObject([{ pointer: '/source/image/volumes/0/accessMode' }]);
    expect(errors(data, { ...data, storageClass: 'fast' })).toMatchObject([
      { pointer: '/source/image/volumes/0/storageClass' },
    ]);
  });
});

describe('quantities', () => {
  it.each([
    ['1000m', '1'],
    ['0.5', '500m'],
    ['2', '2'],
    ['1500m', '1500m'],
    ['0.0001', '1m'],
    ['100m', '100m'],
  ])('cpu %s is %s', (given, canonical) => expect(canonicalCpu(given)).toBe(canonical));
  it.each([
    ['1024Mi', '1Gi'],
    ['512Mi', '512Mi'],
    ['1000M', '1G'],
    ['1536Mi', '1536Mi'],
    ['100', '100'],
    ['0.5Gi', '512Mi'],
  ])('memory %s is %s', (given, canonical) => expect(canonicalMemory(given)).toBe(canonical));
});

describe('secrets of a revision', () => {
  const ref = (version: number) => ({ version, fingerprint: `f${version}`, record: `secret/o/a/DB/f${version}` });
  const using = image('web', '1', { env: [{ name: 'DB', secret: 'DB' }], configFiles: [{ path: '/k', secret: 'K' }] });
  const resolvedWith = (secrets: ResolveInput['secrets'], manifest: unknown = using, profileMore: object = {}) =>
    whole(manifest, profile('staging', profileMore), 'basic', {}, secrets);

  it('are those that the manifest refers to', () => {
    const { source } = resolvedWith({ DB: ref(1), K: ref(2), SPARE: ref(3) });
    expect(source).toMatchObject({ secrets: { DB: ref(1), K: ref(2) }, workload: { secrets: {} } });
    expect(source).not.toHaveProperty('secrets.SPARE');
    expect(resolvedWith({ SPARE: ref(3) }, image('web', '1')).source).not.toHaveProperty('secrets');
    expect(missingSecrets(resolvedWith({ DB: ref(1), K: ref(2) }))).toEqual({ keys: [], errors: [] });
  });

  it('include those of its profile, unless the application has its own value', () => {
    const defaults = { defaults: { env: [{ name: 'DB', secret: 'SHARED' }] } };
    expect(missingSecrets(resolvedWith({}, image('web', '1'), defaults)).keys).toEqual(['SHARED']);
    expect(missingSecrets(resolvedWith({ DB: ref(1), K: ref(2) }, using, defaults)).keys).toEqual([]);
  });

  it('that are not set are listed with the command that sets each', () =>
    expect(missingSecrets(resolvedWith({ K: ref(2) }))).toEqual({
      keys: ['DB'],
      errors: [
        {
          pointer: '/source/image',
          message: 'needs the secret DB for env DB; set it with: astroctl app secrets set web DB',
        },
      ],
    }));

  it('change without other changes of the revision', () => {
    const before = resolvedWith({ DB: ref(1), K: ref(2) });
    const after = withSecrets(before, new Map([['DB', ref(5)]]));
    expect(after && changesBetween(before, after)).toEqual(['secret DB v1 fingerprint:f1 -> v5 fingerprint:f5']);
    expect(withSecrets(before, new Map([['SPARE', ref(5)]]))).toBeUndefined();
    expect(withSecrets(before, new Map([['DB', ref(1)]]))).toBeUndefined();
    const removed = withSecrets(before, new Map([['DB', undefined]]));
    expect(removed && changesBetween(before, removed)).toEqual(['secret DB removed']);
  });

  it('can have keys that are names of members of every object', () => {
    const manifest = image('web', '1', { env: [{ name: 'A', secret: 'constructor' }] });
    expect(missingSecrets(resolvedWith({}, manifest)).keys).toEqual(['constructor']);
    expect(faultsOf(image('web', '1', { env: [{ name: 'A', secret: '__proto__' }] }))).not.toEqual([]);
  });
});

const faultsOf = (manifest: unknown): readonly unknown[] => {
  const read = readApplication(manifest);
  return read.ok ? [] : read.error;
};
