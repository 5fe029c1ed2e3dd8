import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveSandboxes, type SandboxUser, type ServedSandboxes } from './sandbox.fixture.ts';

/** Commands of tutorials, and published charts, on a sandbox served as in the platform. */

let served: ServedSandboxes;
let ada: SandboxUser;
beforeAll(async () => {
  served = await serveSandboxes();
  ada = await served.of('org-ada');
});
afterAll(() => served.stop());

const kubectl = (args: string, input?: string): Promise<string> => ada.outputOf(args, input);
const refused = async (args: string, input?: string): Promise<string> => {
  const { code, stderr, stdout } = await ada.kubectl(args, input);
  return code === 0 ? `it was done: ${stdout}` : stderr;
};

const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: backups.store.example }
spec:
  group: store.example
  scope: Namespaced
  names: { plural: backups, kind: Backup, shortNames: [bk] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      additionalPrinterColumns: [{ name: Keep, type: integer, jsonPath: .spec.keep }]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [keep]
              properties: { keep: { type: integer, minimum: 1 }, where: { type: string, default: disk } }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
`;
const backup = (keep: number): string =>
  `apiVersion: store.example/v1\nkind: Backup\nmetadata: { name: nightly }\nspec: { keep: ${keep} }\n`;

describe('use-X4: kubectl', () => {
  const COMMANDS: readonly (readonly [string, RegExp])[] = [
    ['create deployment web --image=registry.example/web:1 --port=80 --replicas=2', /created/],
    ['autoscale deployment web --min=1 --max=3 --cpu-percent=50', /autoscaled/],
    ['expose deployment web --port=80', /exposed/],
    ['create job once --image=registry.example/web:1', /created/],
    ['create configmap cm --from-literal=a=b', /created/],
    ['create secret generic sec --from-literal=a=b', /created/],
    ['create serviceaccount robot', /created/],
    ['create role reader --verb=get --resource=pods', /created/],
    ['create rolebinding reader --role=reader --serviceaccount=default:robot', /created/],
    ['create clusterrole watcher --verb=watch --resource=pods', /created/],
    ['create quota most --hard=pods=100', /created/],
    ['create poddisruptionbudget web --selector=app=web --min-available=1', /created/],
    ['create ingress web --rule=foo.example/=web:80', /created/],
    ['create service clusterip plain --tcp=80:80', /created/],
    ['create token robot', /^sbx\./],
    ['run one --image=registry.example/web:1 --restart=Never', /created/],
    ['rollout status deployment web --timeout=60s', /successfully rolled out/],
    ['auth can-i --list', /^\*\.\* +\[\] +\[\] +\[\*\]$/m],
    ['auth can-i create pods', /yes/],
    ['auth whoami', /owner/],
    ['explain deployment.spec.replicas', /FIELD: replicas <integer>/],
    ['explain deployment.spec.replicas', /Number of desired pods/],
    ['explain pods --recursive', /containers\s+<\[\]Container>/],
    ['get events.events.k8s.io', /^LAST SEEN +TYPE +REASON/],
    ['cordon sandbox-node-0', /cordoned/],
    ['uncordon sandbox-node-0', /uncordoned/],
  ];

  it.each(COMMANDS)('%s', async (command, expected) => {
    expect(await kubectl(command)).toMatch(expected);
  });

  it('replaces with a body in YAML', async () => {
    const path = join(served.folder, 'cm.yaml');
    writeFileSync(path, 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: cm }\ndata: { a: c }\n');
    await kubectl(`replace -f ${path}`);
    expect(await kubectl('get configmap cm -o jsonpath={.data.a}')).toBe('c');
  });
});

describe('use-X2: kubectl', () => {
  it('acts as another user with the rights of that user only', async () => {
    await kubectl('create namespace rights');
    expect(await refused('-n rights get pods --as=nobody')).toContain(
      'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "rights"',
    );
    await kubectl('-n rights create role reader --verb=list --resource=pods');
    await kubectl('-n rights create rolebinding reader --role=reader --user=nobody');
    expect((await ada.kubectl('-n rights get pods --as=nobody')).stderr).toContain('No resources found');
    expect(await refused('-n rights create configmap x --as=nobody')).toContain('cannot create resource "configmaps"');
    expect((await ada.kubectl('-n rights auth can-i list pods --as=nobody')).stdout).toBe('yes\n');
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'nobody', resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'rights' } },
    };
    expect(await kubectl('create -f - -o jsonpath={.status.allowed}', JSON.stringify(review))).toBe('true');
    expect(await refused('get subjectaccessreviews')).toContain('does not allow this method');
  });

  it('creates a custom resource definition and its objects', async () => {
    await kubectl('apply -f -', DEFINITION);
    await kubectl('wait --for=condition=Established crd/backups.store.example --timeout=30s');
    await kubectl('apply -f -', backup(3));
    expect(await kubectl('apply -f -', backup(3))).toContain('unchanged');
    expect(await kubectl('get bk')).toMatch(/^NAME +KEEP\nnightly +3\n$/);
    expect(await kubectl('get bk nightly -o jsonpath={.spec.where}')).toBe('disk');
    expect(await kubectl('api-resources --api-group=store.example')).toMatch(/^backups +bk +store\.example\/v1 +true/m);
    expect(await kubectl('explain backup.spec.keep')).toMatch(/FIELD: keep <integer>/);
    expect(await refused('apply -f -', backup(0))).toContain('should be greater than or equal to 1');
    await kubectl('delete crd backups.store.example --timeout=30s');
    // The message of kubectl depends on the age of its discovery cache.
    expect(await refused('get bk')).toMatch(
      /the server doesn't have a resource type "bk"|could not find the requested resource/,
    );
  });

  it('runs a StatefulSet that mounts its claim template, whose volume can grow but not shrink', async () => {
    const set = (size: string): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers: [{ name: db, image: registry.example/db:1, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: ${size} } } }
`;
    await kubectl('apply -f -', set('1Gi'));
    await kubectl('rollout status statefulset db --timeout=60s');
    const resize = (size: string): string =>
      `patch pvc data-db-0 -p {"spec":{"resources":{"requests":{"storage":"${size}"}}}}`;
    await kubectl(resize('2Gi'));
    await kubectl('wait pvc/data-db-0 --for=jsonpath={.status.capacity.storage}=2Gi --timeout=30s');
    expect(await refused(resize('1Gi'))).toContain('field can not be less than status.capacity'); // use-X5
  });
});

it('use-X5: a namespace enforces the Pod Security level of its label', async () => {
  await kubectl('create namespace strict');
  await kubectl('label namespace strict pod-security.kubernetes.io/enforce=restricted');
  expect(await refused('-n strict run web --image=registry.example/web:1')).toContain(
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false)',
  );
  expect((await ada.kubectl('-n strict create deployment web --image=registry.example/web:1')).stderr).toContain(
    'Warning: would violate PodSecurity "restricted:latest"',
  );
});

describe('use-X2: helm 4', () => {
  const helm = async (args: string): Promise<string> => {
    const done = await ada.helm(args);
    if (done.code !== 0) throw new Error(`helm ${args} ended with ${done.code}:\n${done.stdout}${done.stderr}`);
    return done.stdout;
  };
  const hook = (name: string, when: string): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
  annotations: { helm.sh/hook: "${when}", helm.sh/hook-delete-policy: before-hook-creation }
spec:
  template: { spec: { restartPolicy: Never, containers: [{ name: task, image: "registry.example/task:{{ .Values.tag }}" }] } }
`;

  it('installs, upgrades, rolls back and uninstalls a chart with hooks, a CRD and a custom resource', async () => {
    const chart = join(served.folder, 'store');
    for (const folder of ['templates', 'crds']) mkdirSync(join(chart, folder), { recursive: true });
    const write = (path: string, text: string): void => writeFileSync(join(chart, path), text);
    write('Chart.yaml', 'apiVersion: v2\nname: store\nversion: 0.1.0\n');
    write('values.yaml', 'tag: "1"\nkeep: 3\n');
    write('crds/backup.yaml', DEFINITION);
    write('templates/backup.yaml', backup(3).replace('keep: 3', 'keep: {{ .Values.keep }}'));
    write('templates/before.yaml', hook('before', 'pre-install,pre-upgrade,pre-rollback'));
    write('templates/after.yaml', hook('after', 'post-install,post-upgrade'));
    write('templates/going.yaml', hook('going', 'pre-delete'));
    write(
      'templates/web.yaml',
      `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "registry.example/web:{{ .Values.tag }}" }] }
`,
    );
    const keep = () => kubectl('-n store get bk nightly -o jsonpath={.spec.keep}');
    const succeeded = (name: string) => kubectl(`-n store get job ${name} -o jsonpath={.status.succeeded}`);
    await helm(`install store ${chart} -n store --create-namespace --wait --timeout 60s`);
    expect([await keep(), await succeeded('before'), await succeeded('after')]).toEqual(['3', '1', '1']);
    await helm(`upgrade store ${chart} -n store --set tag=2,keep=7 --wait --timeout 60s`);
    expect([await keep(), await succeeded('after')]).toEqual(['7', '1']);
    await helm('rollback store 1 -n store --wait --timeout 60s');
    expect(await keep()).toBe('3');
    await helm('uninstall store -n store --wait --timeout 60s');
    expect(await succeeded('going')).toBe('1');
    expect(await kubectl('-n store get deployments,backups -o name')).toBe('');
    // helm never deletes a CRD
    expect(await kubectl('get crd backups.store.example -o name')).toContain('backups.store.example');
  });

  it('fails when a hook fails', async () => {
    const chart = join(served.folder, 'failing');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: failing\nversion: 0.1.0\n');
    writeFileSync(join(chart, 'values.yaml'), 'tag: "1"\n');
    writeFileSync(
      join(chart, 'templates', 'before.yaml'),
      hook('before', 'pre-install')
        .replace('registry.example/task:{{ .Values.tag }}', 'sandbox.invalid/task:exit-3')
        .replace('spec:\n', 'spec:\n  backoffLimit: 0\n'),
    );
    const done = await ada.helm(`install failing ${chart} -n failing --create-namespace --timeout 60s`);
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('failed pre-install')]);
  });
});
