import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#testing';
import { serveSandboxes, type SandboxUser, type ServedSandboxes } from './sandbox.fixture.ts';

/** Common tasks on a cluster with the real kubectl and helm, on a sandbox served as in the platform. */

const NO_CONTAINERS = 'the sandbox runs no containers; register a cluster: astroctl clusters register';

const manifest = (replicas = 2): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

let served: ServedSandboxes;
let ada: SandboxUser;

beforeAll(async () => {
  served = await serveSandboxes();
  ada = await served.of('org-ada');
});
afterAll(() => served.stop());

const kubectl = (args: string, input?: string): Promise<string> => ada.outputOf(args, input);

describe('kubectl on a sandbox', () => {
  it('shows the version of the server and its resources', async () => {
    expect(await kubectl('version')).toMatch(/Server Version: v\d+\.\d+\.\d+\+sandbox/);
    const resources = await kubectl('api-resources -o wide');
    for (const line of [
      /^deployments +deploy +apps\/v1 +true +Deployment /m,
      /^pods +po +v1 +true +Pod /m,
      /^horizontalpodautoscalers +hpa +autoscaling\/v2 +true /m,
    ])
      expect(resources).toMatch(line);
    expect(await kubectl('explain deployments.spec.replicas')).toMatch(/FIELD: replicas <integer>/);
    expect(await kubectl('cluster-info')).toContain(ada.prefix);
    expect(await kubectl('get nodes')).toMatch(/^sandbox-node-0 +Ready /m);
    expect(await kubectl('describe nodes')).toMatch(/^Taints: +<none>$/m);
  });

  it('shows the user and its permissions', async () => {
    expect(await kubectl('auth can-i create deployments')).toBe('yes\n');
    expect(await kubectl("auth can-i '*' '*'")).toBe('yes\n');
    expect(await kubectl('auth whoami')).toMatch(/Username +owner/);
  });

  it('creates a namespace, a ConfigMap and a Secret', async () => {
    expect(await kubectl('create namespace shop')).toBe('namespace/shop created\n');
    expect(await kubectl('-n shop create configmap settings --from-literal=greeting=hello')).toBe(
      'configmap/settings created\n',
    );
    expect(await kubectl('-n shop create secret generic sesame --from-literal=password=open')).toBe(
      'secret/sesame created\n',
    );
    expect(await kubectl('-n shop get configmap settings -o jsonpath={.data.greeting}')).toBe('hello');
    expect(
      Buffer.from(await kubectl('-n shop get secret sesame -o jsonpath={.data.password}'), 'base64').toString(),
    ).toBe('open');
    const again = await ada.kubectl('create namespace shop');
    expect(again).toMatchObject({
      code: 1,
      stderr: 'Error from server (AlreadyExists): namespaces "shop" already exists\n',
    });
  });

  it('applies client-side, and reports unchanged the second time', async () => {
    expect(await kubectl('-n shop apply -f -', manifest())).toBe('deployment.apps/web created\nservice/web created\n');
    expect(await kubectl('-n shop rollout status deployment/web --timeout=30s')).toMatch(/successfully rolled out\n$/);
    expect(await kubectl('-n shop apply -f -', manifest())).toBe(
      'deployment.apps/web unchanged\nservice/web unchanged\n',
    );
  });

  it('shows objects as tables, wide tables, documents and lists', async () => {
    expect(await kubectl('-n shop get deployments')).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
    );
    const wide = await kubectl('-n shop get pods -o wide');
    expect(wide).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n/);
    expect(wide.match(/^web-\S+ +1\/1 +Running +0 +\S+ +10\.\d+\.\d+\.\d+ +sandbox-node-0 /gm)).toHaveLength(2);
    expect(await kubectl('-n shop get service web -o yaml')).toMatch(/\n {2}clusterIP: 10\.96\.\d+\.\d+\n/);
    const all = await kubectl('-n shop get all -o name');
    expect(all.split('\n').map((name) => name.replace(/-.*/, ''))).toEqual([
      'pod/web',
      'pod/web',
      'service/web',
      'deployment.apps/web',
      'replicaset.apps/web',
      '',
    ]);
    expect(await kubectl('get pods -A -l app=web --field-selector=status.phase=Running -o name')).toMatch(
      /^pod\/web-\S+\npod\/web-\S+\n$/,
    );
    const missing = await ada.kubectl('-n shop get pod none');
    expect(missing).toMatchObject({ code: 1, stderr: 'Error from server (NotFound): pods "none" not found\n' });
  });

  it('describes a Deployment and a pod with their events', async () => {
    const deployment = await kubectl('-n shop describe deployment web');
    expect(deployment).toMatch(/^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m);
    expect(deployment).toMatch(
      /Normal +ScalingReplicaSet .* deployment-controller +Scaled up replica set web-\S+ from 0 to 2/,
    );
    const pod = await kubectl('-n shop describe pod -l app=web');
    expect(pod).toMatch(/^Controlled By: +ReplicaSet\/web-/m);
    expect(pod).toMatch(/Normal +Scheduled .* default-scheduler +Successfully assigned shop\/web-/);
    expect(await kubectl('-n shop events --for deployment/web')).toMatch(/Normal +ScalingReplicaSet +Deployment\/web /);
    expect(await kubectl('-n shop get events')).toMatch(/Normal +Started +pod\/web-/);
  });

  it('reads logs, and follows them until the pod is deleted', async () => {
    expect(await kubectl('-n shop logs deployment/web --tail=1')).toMatch(/^simulated: .+\n$/);
    expect(await kubectl('-n shop logs deployment/web --timestamps')).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z simulated: registry\.example\/web:1 /m,
    );
    await kubectl('-n shop run shortly --image=registry.example/job:1');
    await kubectl('-n shop wait --for=condition=Ready pod/shortly --timeout=30s');
    const started = Promise.withResolvers<void>();
    const following = ada.kubectl('-n shop logs --follow shortly', '', () => started.resolve());
    await Promise.race([started.promise, following]);
    await kubectl('-n shop delete pod shortly --grace-period=1');
    expect(await following).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^simulated: registry\.example\/job:1 /) as unknown,
    });
    expect(await kubectl('-n shop wait --for=delete pod/shortly --timeout=30s')).toBe('');
  });

  it('shows a diff before an apply, and changes nothing with it', async () => {
    const before = await kubectl('-n shop get deployment web -o jsonpath={.metadata.resourceVersion}');
    const difference = await ada.kubectl('-n shop diff -f -', manifest(3));
    expect(difference.code).toBe(1);
    expect(difference.stdout).toMatch(/^-\s+replicas: 2\n\+\s+replicas: 3$/m);
    expect(await ada.kubectl('-n shop diff -f -', manifest())).toMatchObject({ code: 0, stdout: '' });
    expect(await kubectl('-n shop apply --dry-run=server -f -', manifest(3))).toMatch(
      /^deployment\.apps\/web configured \(server dry run\)$/m,
    );
    expect(await kubectl('-n shop get deployment web -o jsonpath={.metadata.resourceVersion}')).toBe(before);
  });

  it('labels, annotates, scales and sets images', async () => {
    expect(await kubectl('-n shop label deployment web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await kubectl('-n shop annotate deployment web note=hello')).toBe('deployment.apps/web annotated\n');
    expect(
      await kubectl('-n shop get deployment web -o jsonpath={.metadata.labels.tier}{.metadata.annotations.note}'),
    ).toBe('fronthello');
    expect(await kubectl('-n shop scale deployment web --replicas=3 --current-replicas=2')).toBe(
      'deployment.apps/web scaled\n',
    );
    expect(await kubectl('-n shop wait --for=jsonpath={.status.readyReplicas}=3 deployment/web --timeout=30s')).toBe(
      'deployment.apps/web condition met\n',
    );
    expect(await kubectl('-n shop set image deployment/web web=registry.example/web:2')).toBe(
      'deployment.apps/web image updated\n',
    );
    expect(await kubectl('-n shop rollout status deployment/web --timeout=30s')).toMatch(
      /Waiting for deployment "web" rollout to finish[\s\S]+successfully rolled out\n$/,
    );
    expect(await kubectl('-n shop wait --for=condition=Available deployment/web --timeout=30s')).toBe(
      'deployment.apps/web condition met\n',
    );
  });

  it('shows the history of a rollout, rolls back, and restarts', async () => {
    expect(await kubectl('-n shop rollout history deployment/web')).toMatch(
      /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/,
    );
    expect(await kubectl('-n shop rollout history deployment/web --revision=1')).toContain('registry.example/web:1');
    expect(await kubectl('-n shop rollout undo deployment/web')).toBe('deployment.apps/web rolled back\n');
    await kubectl('-n shop rollout status deployment/web --timeout=30s');
    expect(await kubectl('-n shop get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}')).toContain(
      'registry.example/web:1',
    );
    expect(await kubectl('-n shop rollout history deployment/web')).toMatch(/\n2 +<none>\n3 +<none>\n/);
    expect(await kubectl('-n shop rollout restart deployment/web')).toBe('deployment.apps/web restarted\n');
    await kubectl('-n shop rollout status deployment/web --timeout=30s');
    expect(await kubectl('-n shop get deployment web -o yaml')).toContain('kubectl.kubernetes.io/restartedAt');
    expect(await kubectl('-n shop rollout pause deployment/web')).toBe('deployment.apps/web paused\n');
    expect(await kubectl('-n shop rollout resume deployment/web')).toBe('deployment.apps/web resumed\n');
  });

  it('applies server-side, reports the conflicting manager, and takes over with --force-conflicts', async () => {
    const refused = await ada.kubectl('-n shop apply --server-side --field-manager=team -f -', manifest(5));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/,
    );
    expect(await kubectl('-n shop apply --server-side --field-manager=team --force-conflicts -f -', manifest(5))).toBe(
      'deployment.apps/web serverside-applied\nservice/web serverside-applied\n',
    );
    expect(await kubectl('-n shop get deployment web -o jsonpath={.spec.replicas}')).toBe('5');
    await kubectl('-n shop rollout status deployment/web --timeout=30s');
    const before = await kubectl('-n shop get deployment web -o jsonpath={.metadata.resourceVersion}');
    await kubectl('-n shop apply --server-side --field-manager=team -f -', manifest(5));
    expect(await kubectl('-n shop get deployment web -o jsonpath={.metadata.resourceVersion}')).toBe(before);
  });

  it('watches after a list', async () => {
    const watching = spawnKubectl('-n shop get pods --watch --output-watch-events');
    try {
      await eventually(() => expect(watching.output()).toMatch(/^ADDED +web-/m));
      await kubectl('-n shop run watched --image=registry.example/web:1 --labels=app=watched');
      await eventually(() =>
        expect(watching.output()).toMatch(/^ADDED +watched +0\/1 +Pending [\s\S]*^MODIFIED +watched +1\/1 +Running/m),
      );
      await kubectl('-n shop delete pod watched --grace-period=1');
      await eventually(() => expect(watching.output()).toMatch(/^DELETED +watched /m));
    } finally {
      watching.end();
    }
  });

  it('is rejected for an unknown field, with its name or the nearest one', async () => {
    const wrong = await ada.kubectl('-n shop apply -f -', manifest().replace('replicas:', 'replica:'));
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown field "spec.replica"') as unknown,
    });
    const invalid = await ada.kubectl(
      '-n shop apply -f -',
      manifest().replace('containerPort: 8080', 'containerPort: 80800'),
    );
    expect(invalid.stderr).toContain(
      'spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 80800: must be between 1 and 65535, inclusive',
    );
  });

  it('is informed that no containers run', async () => {
    for (const args of [
      'exec deployment/web -- ls',
      'attach deployment/web',
      'port-forward deployment/web 8080:8080',
    ]) {
      const done = await ada.kubectl(`-n shop ${args}`);
      expect([done.code, done.stderr]).toEqual([1, expect.stringContaining(NO_CONTAINERS) as unknown]);
    }
    expect((await ada.kubectl('top pods -n shop')).stderr).toBe('error: Metrics API not available\n');
  });

  it('deletes with dependents in the background, in the foreground, or without them', async () => {
    expect(await kubectl('-n shop delete deployment web --cascade=orphan')).toBe(
      'deployment.apps "web" deleted from shop namespace\n',
    );
    expect(await kubectl('-n shop get replicasets -o name')).toMatch(/^replicaset/);
    await kubectl('-n shop apply -f -', manifest());
    await kubectl('-n shop rollout status deployment/web --timeout=30s');
    await kubectl('-n shop delete deployment web --cascade=foreground --timeout=30s');
    expect(await kubectl('-n shop get deployments,replicasets -o name')).toBe('');
    await eventually(async () => expect(await kubectl('-n shop get pods -o name')).toBe(''));
    await kubectl('delete namespace shop --timeout=60s');
    expect((await ada.kubectl('get namespace shop')).stderr).toBe(
      'Error from server (NotFound): namespaces "shop" not found\n',
    );
    expect(await kubectl('get all,configmaps,secrets -A -o name')).not.toContain('web');
  });
});

describe('helm on a sandbox', () => {
  const helm = async (args: string): Promise<string> => {
    const done = await ada.helm(args);
    if (done.code !== 0) throw new Error(`helm ${args} ended with ${done.code}:\n${done.stdout}${done.stderr}`);
    return done.stdout;
  };

  it('installs, waits, upgrades, rolls back and uninstalls a chart', async () => {
    const chart = join(served.folder, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: tiny\nversion: 0.1.0\n');
    writeFileSync(join(chart, 'values.yaml'), 'tag: "1"\n');
    writeFileSync(join(chart, 'templates', 'all.yaml'), manifest().replace('web:1', 'web:{{ .Values.tag }}'));
    expect(await helm(`install tiny ${chart} -n charts --create-namespace --wait --timeout 60s`)).toContain(
      'STATUS: deployed',
    );
    expect(await helm('list -n charts')).toMatch(/^tiny\s+charts\s+1\s.*\sdeployed\s+tiny-0\.1\.0/m);
    await helm(`upgrade tiny ${chart} -n charts --set tag=2 --wait --timeout 60s`);
    const image = () => kubectl('-n charts get deployment web -o jsonpath={.spec.template.spec.containers[0].image}');
    expect(await image()).toBe('registry.example/web:2');
    await helm('rollback tiny 1 -n charts --wait --timeout 60s');
    expect(await image()).toBe('registry.example/web:1');
    expect(await helm('history tiny -n charts')).toMatch(/3\s.*\sdeployed\s.*Rollback to 1/);
    expect(await helm('uninstall tiny -n charts --wait')).toContain('release "tiny" uninstalled');
    expect(await kubectl('-n charts get deployments,services -o name')).toBe('');
  });
});

/** Runs kubectl until it is ended. */
function spawnKubectl(args: string): { output(): string; end(): void } {
  const child = spawn(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin', 'kubectl'), args.split(' '), {
    env: { ...process.env, KUBECONFIG: ada.kubeconfig, HOME: join(served.folder, 'home') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (printed += part));
  const { pid } = child;
  return {
    output: () => printed,
    end: () => void (pid !== undefined && child.exitCode === null && process.kill(-pid, 'SIGKILL')),
  };
}
