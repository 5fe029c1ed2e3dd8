import type { ClusterError } from './failure.ts';
import { failureOfManifestErrors, failureOfPlanErrors, fixOf, judgeClusterError } from './failure.ts';

const answer = (
  status: number,
  message: string,
  more: Partial<Extract<ClusterError, { kind: 'answer' }>> = {},
): ClusterError => ({
  kind: 'answer',
  status,
  reason: '',
  message,
  conflicts: [],
  ...more,
});
const silence = (why: string, message: string): ClusterError => ({ kind: 'silence', why, message });

describe('E13, K8.6-8, K8.6-10, K8.6-14, K8.6-17, K8.6-18, K8.6-40, K8.6-47: an error of the cluster', () => {
  it.each([
    ['429', answer(429, 'too many requests')],
    ['status 500 of the server', answer(500, 'etcdserver: leader changed')],
    ['503', answer(503, 'the server is currently unable to handle the request')],
    ['a webhook that does not respond', answer(500, 'failed calling webhook "policy.acme.dev": timeout')],
    ['a concurrent write', answer(409, 'the object has been modified')],
    ['a refused connection', silence('refused', '127.0.0.1:6443 cannot be reached (ECONNREFUSED).')],
    ['a timeout', silence('timeout', '127.0.0.1:6443 did not respond within 30000 ms.')],
    ['a name that cannot be resolved', silence('name', 'The name k8s.acme.dev could not be resolved.')],
  ])('is retried: %s', (_, fault) =>
    expect(judgeClusterError(fault, 'dev')).toMatchObject({ retry: true, cause: expect.any(String) }),
  );

  it.each([
    ['deployments/cluster-unauthorized', answer(401, 'Unauthorized')],
    [
      'deployments/forbidden-on-cluster',
      answer(403, 'deployments.apps is forbidden: User "astro" cannot patch resource "deployments"'),
    ],
    [
      'deployments/quota-exceeded',
      answer(403, 'pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'),
    ],
    [
      'deployments/pod-security',
      answer(403, 'pods "web" is forbidden: violates PodSecurity "restricted:latest": privileged'),
    ],
    [
      'deployments/namespace-terminating',
      answer(
        403,
        'configmaps "a" is forbidden: unable to create new content in namespace shop because it is being terminated',
      ),
    ],
    ['deployments/namespace-gone', answer(404, 'namespaces "shop" not found', { reason: 'NotFound' })],
    ['deployments/unknown-kind', answer(404, '404 page not found', { reason: 'UnknownType' })],
    [
      'deployments/conflict',
      answer(409, 'Apply failed', { conflicts: [{ manager: 'helm', field: '.spec.replicas' }] }),
    ],
    ['deployments/object-terminating', answer(409, 'ConfigMap a is being deleted', { reason: 'ObjectTerminating' })],
    ['deployments/object-too-large', answer(500, 'etcdserver: request is too large')],
    [
      'deployments/invalid-manifest',
      answer(
        500,
        'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema',
      ),
    ],
    ['deployments/denied-by-cluster', answer(403, 'admission webhook "policy.acme.dev" denied the request: no team')],
    ['deployments/denied-by-cluster', answer(422, 'Deployment.apps "web" is invalid')],
    [
      'deployments/cluster-unreachable',
      silence('certificate', 'The certificate of 10.0.0.1:6443 was not accepted (CERT_HAS_EXPIRED).'),
    ],
    [
      'deployments/cluster-unreachable',
      silence('egress', '10.0.0.1 is a private address; allow it with ASTRO_EGRESS_ALLOW=10.0.0.0/16 (platform admin)'),
    ],
  ])('ends the attempt as %s', (code, fault) =>
    expect(judgeClusterError(fault, 'dev')).toMatchObject({ retry: false, failure: { code } }),
  );

  it('names the manager and the field of a conflict', () =>
    expect(
      judgeClusterError(
        answer(409, 'Apply failed', { conflicts: [{ manager: 'helm', field: '.spec.replicas' }] }),
        'dev',
      ),
    ).toMatchObject({
      failure: { message: '.spec.replicas belongs to helm' },
    }));
});

const shortName = ({ kind, name }: { readonly kind: string; readonly name: string }) => `${kind}/${name}`;

describe('the message for a rejected plan', () => {
  it('contains the first error, followed by the others', () =>
    expect(
      failureOfManifestErrors([
        {
          code: 'deployments/pod-security',
          rule: 'hostPath',
          detail: 'Deployment web: a volume uses hostPath.',
          fix: 'astroctl clusters policy set dev podSecurity=privileged',
        },
        { code: 'deployments/unknown-field', rule: 'unknown', detail: 'Service web: spec.prots is not a field.' },
      ]),
    ).toEqual({
      code: 'deployments/pod-security',
      message: 'Deployment web: a volume uses hostPath; Service web: spec.prots is not a field',
      fix: 'astroctl clusters policy set dev podSecurity=privileged',
    }));

  it('counts the errors that do not fit', () => {
    const refusals = Array.from({ length: 9 }, (_, index) => ({
      code: 'deployments/owned-by-other' as const,
      key: { group: '', kind: 'ConfigMap', name: `c${index}` },
      detail: `ConfigMap c${index} belongs to application shop.`,
    }));
    expect(failureOfPlanErrors(refusals, { app: 'web', shortName })).toMatchObject({
      code: 'deployments/owned-by-other',
      message: expect.stringMatching(/; and 4 more$/),
    });
  });

  it('lists objects without an owner, with what an adoption would take over, and names the command', () => {
    const adoption = {
      uid: 'u1',
      conflicts: ['.data.a', '.data.b'].map((field) => ({ manager: 'kubectl-edit', field })),
      removes: Array.from({ length: 30 }, (_, index) => `.data.c${index}`),
    };
    const key = { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'a' };
    const refusal = {
      key,
      code: 'deployments/owned-by-other' as const,
      detail: 'ConfigMap a in shop exists.',
      adoption,
    };
    const failure = failureOfPlanErrors([refusal], { app: 'web', shortName });
    expect(failure.fix).toBe('take it over: astroctl app adopt web; or use another name');
    expect(failure.adoptable).toEqual([
      {
        object: 'ConfigMap/a',
        uid: 'u1',
        takes: [{ manager: 'kubectl-edit', fields: ['.data.a', '.data.b'] }],
        removes: [...adoption.removes.slice(0, 19), '11 more fields'],
      },
    ]);
  });

  it('explains the fix in terms of the application', () =>
    expect(fixOf('deployments/crash-loop', 'web')).toBe('see why it exits: astroctl app logs web --previous'));
});
