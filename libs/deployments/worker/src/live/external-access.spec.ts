import { KubernetesApiError, type KubernetesClient, type KubernetesObject, type ResourceType } from '#kubernetes';
import { manualClock } from '#testing';
import { missingAccess, needsOf } from './external-access.ts';
import { hostResolver, missingAccessOf } from './external-access.worker.ts';

const ingress = (status: object, spec: object = {}): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    rules: [{ host: 'web.acme.dev' }, { host: '*.acme.dev' }, {}],
    tls: [{ hosts: ['web.acme.dev'], secretName: 'web-tls' }],
    ...spec,
  },
  status: { loadBalancer: status },
});
const reached = ingress({ ingress: [{ ip: '203.0.113.7' }] });
const missing = (
  object: KubernetesObject,
  found: Readonly<Record<string, readonly string[] | undefined>>,
  secrets: readonly string[] = [],
) => missingAccess(needsOf(object), { resolved: new Map(Object.entries(found)), missingSecrets: new Set(secrets) });

describe('what keeps an Ingress from being reached', () => {
  it('is nothing if DNS points its host to its address, and its certificate exists', () =>
    expect(missing(reached, { 'web.acme.dev': ['198.51.100.1', '203.0.113.7'] })).toEqual([]));

  it('is an address that its controller has not written', () =>
    expect(missing(ingress({}), { 'web.acme.dev': ['203.0.113.7'] })).toEqual([
      'the Ingress of web.acme.dev has no address yet',
    ]));

  it('is a DNS record that does not exist, or that points elsewhere', () => {
    expect(missing(reached, { 'web.acme.dev': [] })).toEqual(['DNS has no record for web.acme.dev']);
    expect(missing(reached, { 'web.acme.dev': ['10.0.0.8'] })).toEqual([
      'DNS does not point web.acme.dev to 203.0.113.7',
    ]);
  });

  it('is not known while DNS does not answer', () =>
    expect(missing(reached, { 'web.acme.dev': undefined })).toEqual([]));

  it('follows the host name of a load balancer to its addresses', () => {
    const balanced = ingress({ ingress: [{ hostname: 'lb.aws.example' }] });
    const at = (...addresses: readonly string[]) => ({ 'web.acme.dev': ['203.0.113.9'], 'lb.aws.example': addresses });
    expect(missing(balanced, at('203.0.113.9'))).toEqual([]);
    expect(missing(balanced, at('203.0.113.1'))).toEqual(['DNS does not point web.acme.dev to lb.aws.example']);
    expect(missing(balanced, { 'web.acme.dev': ['203.0.113.9'], 'lb.aws.example': undefined })).toEqual([]);
  });

  it('is found from all IP addresses of the Ingress, and a few of its host names', () => {
    const addresses = (name: string) => Array.from({ length: 9 }, (_, index) => ({ [name]: `${index + 1}.0.0.1` }));
    expect(missing(ingress({ ingress: addresses('ip') }), { 'web.acme.dev': ['9.0.0.1'] })).toEqual([]);
    expect(needsOf(ingress({ ingress: addresses('hostname') })).addresses).toHaveLength(5);
  });

  it('is the Secret of its certificate', () =>
    expect(missing(reached, { 'web.acme.dev': ['203.0.113.7'] }, ['web-tls'])).toEqual([
      'the certificate (Secret web-tls) is missing',
    ]));
});

describe('the addresses of a host name', () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
  const none = { resolve4: failing('ENODATA'), resolve6: failing('ENOTFOUND'), cancel: () => {} };
  const clock = manualClock();

  it('are those of its records, itself for an IP address, and none without a record', async () => {
    const resolve = hostResolver(clock, () => ({ ...none, resolve4: () => Promise.resolve(['203.0.113.7']) }) as never);
    expect(await resolve('web.acme.dev')).toEqual(['203.0.113.7']);
    expect(await resolve('::1')).toEqual(['::1']);
    expect(await hostResolver(clock, () => none)('web.acme.dev')).toEqual([]);
  });

  it('are not known if DNS fails, or does not answer within two seconds', async () => {
    expect(await hostResolver(clock, () => ({ ...none, resolve6: failing('ESERVFAIL') }))('web.acme.dev')).toBe(
      undefined,
    );
    let cancelled = 0;
    const silent = () => new Promise<never>(() => {});
    const resolver = { resolve4: silent, resolve6: silent, cancel: () => void (cancelled += 1) };
    const asked = hostResolver(clock, () => resolver)('web.acme.dev');
    clock.advance(2_000);
    expect(await asked).toBeUndefined();
    expect(cancelled).toBe(1);
  });
});

describe('what is checked of the Ingresses of an application', () => {
  const inventory = ['Ingress', 'Service'].map((kind) => ({
    group: kind === 'Ingress' ? 'networking.k8s.io' : '',
    version: 'v1',
    kind,
    namespace: 'shop',
    name: 'web',
    uid: null,
  }));
  const resolve = (host: string) => Promise.resolve(host === 'web.acme.dev' ? ['198.51.100.1'] : [host]);
  const check = (secret: () => Promise<KubernetesObject | undefined>) => {
    const client = {
      discovery: () => Promise.resolve({ find: (_: string, kind: string) => ({ kind }), preferred: () => undefined }),
      get: ({ kind }: ResourceType) => (kind === 'Secret' ? secret() : Promise.resolve(reached)),
    } as unknown as KubernetesClient; // only these two methods are called
    return missingAccessOf(client, inventory, resolve);
  };
  const elsewhere = 'DNS does not point web.acme.dev to 203.0.113.7';

  it('is DNS and the Secret', async () =>
    expect(await check(() => Promise.resolve(undefined))).toEqual([
      elsewhere,
      'the certificate (Secret web-tls) is missing',
    ]));

  it('is not the Secret if the cluster does not allow to read it', async () => {
    const denied = new KubernetesApiError({ status: 403, reason: 'Forbidden', message: 'no' });
    expect(await check(() => Promise.reject(denied))).toEqual([elsewhere]);
  });
});
