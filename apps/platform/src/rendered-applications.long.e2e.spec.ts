import { z } from 'zod';
import { eventually, loginAdmin, startPlatform, type Machine, type Platform } from '#testing';

const endpointsSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      endpoints: z.array(z.looseObject({ targetRef: z.looseObject({ name: z.string() }) })).nullish(),
    }),
  ),
});

const receiptSchema = z.looseObject({ objects: z.array(z.looseObject({ kind: z.string() })) });

/** Objects of an image application on a cluster, checked with kubectl. */
describe('image applications on a cluster', () => {
  let platform: Platform;
  let ada: Machine;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = (await loginAdmin(platform)).machine;
    await eventually(() => ada.run('clusters set-context sandbox'));
  });
  afterAll(() => platform.stop());

  const application = (name: string, tag: string, { more = '', image = '' } = {}) =>
    `name: ${name}\nprofileName: default\n${more}source: { type: image, image: { registry: sandbox.invalid, repository: app, tag: "${tag}", ${image} } }\n`;
  const apply = (...given: Parameters<typeof application>) => ada.run('app apply -f - --wait', application(...given));
  const kubectl = async (args: string): Promise<string> => {
    const done = await ada.kubectl(args.split(' '));
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  };

  const namespaceOf = async (name: string) => (await ada.run(`app status ${name} --field targetNamespace`)).trim();
  const podsOf = async (name: string): Promise<readonly string[]> => {
    const pods = await kubectl(`-n ${await namespaceOf(name)} get pods -l app.kubernetes.io/name=${name} -o name`);
    return pods.trim().split('\n').toSorted();
  };

  it('use-D17: share a namespace, each Service with its own pods', async () => {
    const shared = { more: 'namespace: shop\n' };
    await apply('web', '1', shared);
    await apply('api', '1', shared);
    const slices = await kubectl('-n shop get endpointslices -o json');
    const pods = new Map(
      endpointsSchema
        .parse(JSON.parse(slices))
        .items.map(({ metadata, endpoints }) => [
          metadata.labels['kubernetes.io/service-name'],
          (endpoints ?? []).map(({ targetRef }) => targetRef.name.split('-')[0]),
        ]),
    );
    expect(pods).toEqual(
      new Map([
        ['web-app', ['web']],
        ['api-app', ['api']],
      ]),
    );
  });

  it('use-D7: keep all working pods while a revision crashes', async () => {
    const three = { image: 'replicas: 3' };
    await apply('steady', '1', three);
    const before = await podsOf('steady');
    const failed = await ada.astroctl(['app', 'apply', '-f', '-', '--wait', '--fail-fast'], {
      input: application('steady', 'crash', three),
    });
    expect(failed.code).not.toBe(0);
    expect(await ada.run('app status steady --field replicas')).toMatch(/^3\/3/);
    expect(await podsOf('steady')).toEqual(expect.arrayContaining(before));
  });

  it('use-D21: keep their pods when only a label changes', async () => {
    await apply('labelled', '1', { more: 'labels: { team: shop }\n' });
    const before = await podsOf('labelled');
    await apply('labelled', '1', { more: 'labels: { team: other }\n' });
    expect(await kubectl(`-n ${await namespaceOf('labelled')} get deployment labelled --show-labels`)).toMatch(
      /app.kubernetes.io\/instance=labelled,.*app.kubernetes.io\/version=1,.*team=other/,
    );
    expect(await podsOf('labelled')).toEqual(before);
  });

  it('pull their image with the credential of its registry, which the next attempt has if it changes', async () => {
    const setSecret = (secret: string) => ada.run('credentials set sandbox.invalid --kind registry --user ci', secret);
    const pullSecret = async () => {
      const config = await kubectl(
        `-n ${await namespaceOf('private')} get secret private.image-pull -o jsonpath={.data.\\.dockerconfigjson}`,
      );
      return JSON.parse(Buffer.from(config, 'base64').toString()) as object;
    };
    const auths = (password: string) => ({
      auths: {
        'sandbox.invalid': { username: 'ci', password, auth: Buffer.from(`ci:${password}`).toString('base64') },
      },
    });
    await setSecret('first-canary');
    await apply('private', '1');
    expect(await pullSecret()).toEqual(auths('first-canary'));
    const names = await kubectl(
      `-n ${await namespaceOf('private')} get pods -o jsonpath={.items[*].spec.imagePullSecrets[*].name}`,
    );
    expect(names).toBe('private.image-pull');
    const before = await podsOf('private');
    await setSecret('second-canary');
    await ada.run('app sync private --wait');
    expect(await pullSecret()).toEqual(auths('second-canary'));
    expect(await podsOf('private')).toEqual(before);
    const shown = [
      await ada.run('app history private v1 --objects'),
      await ada.run('app history private v1 -o json'),
      await ada.run('app events private'),
      await ada.run('app export private'),
    ].join('\n');
    expect(shown).toContain('.dockerconfigjson: fingerprint:');
    expect(shown).not.toMatch(new RegExp(`canary|${Buffer.from('second-canary').toString('base64').slice(0, 12)}`));
    await ada.run('credentials delete sandbox.invalid -y');
    await ada.run('app sync private --wait');
    expect(await kubectl(`-n ${await namespaceOf('private')} get secrets -o name`)).toBe('');
  });

  it('use-D20: differ from the cluster in the fields that kubectl diff shows', async () => {
    await apply('compared', '1', { image: 'replicas: 2' });
    const namespace = await namespaceOf('compared');
    const diff = async (...args: string[]) => (await ada.astroctl(['app', 'diff', 'compared', ...args])).stdout;
    expect(await diff('--live')).toBe('');
    await kubectl(`-n ${namespace} scale deployment compared --replicas=3`);
    await kubectl(`-n ${namespace} set image deployment compared app=sandbox.invalid/app:2`);
    await kubectl(`-n ${namespace} delete service ${namespace}-app`);
    expect((await diff('--live')).trim().split('\n').toSorted()).toEqual([
      `- Service/${namespace}-app: Synced`,
      'compared v1 -> live',
      '~ Deployment/compared spec.replicas: 2 -> 3',
      '~ Deployment/compared spec.template.spec.containers[0].image: sandbox.invalid/app:1 -> sandbox.invalid/app:2',
    ]);
    const { objects } = receiptSchema.parse(JSON.parse(await ada.run('app history compared v1 --objects -o json')));
    const shown = await ada.kubectl(
      ['diff', '--server-side', '--force-conflicts', '--field-manager=astro-platform', '-f', '-'],
      { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) },
    );
    const fields = shown.stdout
      .split('\n')
      .flatMap((line) => /^[-+] *(?:- )?((?:replicas|image|kind): \S+)/.exec(line)?.[1] ?? []);
    expect(fields.toSorted()).toEqual([
      'image: sandbox.invalid/app:1',
      'image: sandbox.invalid/app:2',
      'kind: Service',
      'replicas: 2',
      'replicas: 3',
    ]);
  });

  it('K8.6-27: show the objects that a file changes, and ask before most objects are deleted', async () => {
    const manifests = ['a', 'b', 'c', 'd']
      .map((name) => `      apiVersion: v1\n      kind: ConfigMap\n      metadata: { name: ${name} }\n`)
      .join('      ---\n');
    const source = `source:\n  type: yaml\n  yaml:\n    manifests: |\n${manifests}`;
    await ada.run('app apply -f - --wait', `name: swapped\nprofileName: default\n${source}`);
    const refused = await ada.astroctl(['app', 'apply', '-f', '-'], { input: application('swapped', '1') });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('4 of 4 objects would be deleted');
    await ada.run('app apply -f - -y --wait', application('swapped', '1'));
    const diff = await ada.astroctl(['app', 'diff', 'swapped', '-f', '-'], {
      input: application('swapped', '2', { image: 'replicas: 3' }),
    });
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/^~ Deployment\/swapped spec\.replicas: 1 -> 3$/m);
    expect(diff.stdout).toMatch(/^~ Deployment\/swapped .*image: sandbox\.invalid\/app:1 -> sandbox\.invalid\/app:2$/m);
  });

  it('run a command before each rollout, and change nothing if it fails', async () => {
    const preDeploy = 'preDeploy: { command: [/app/migrate] }, env: [{ name: LOG_LEVEL, value: "1" }]';
    await apply('migrated', '1', { image: preDeploy });
    const namespace = await namespaceOf('migrated');
    const before = await podsOf('migrated');
    expect(await kubectl(`-n ${namespace} get jobs,sa -o name`)).toMatch(
      /^job.batch\/migrated-pre-deploy\nserviceaccount\/default\nserviceaccount\/migrated\n$/,
    );
    const failed = await ada.astroctl(['app', 'apply', '-f', '-', '--wait'], {
      input: application('migrated', 'exit-3', { image: preDeploy.replace('"1"', '"2"') }),
    });
    expect(failed.code).toBe(3);
    expect(await ada.run('app status migrated --field status')).toBe('FAILED\n');
    expect(await ada.run('app events migrated')).toMatch(/pre-deploy hook Job\/migrated-pre-deploy failed: /);
    expect(await podsOf('migrated')).toEqual(before);
    await ada.run('app delete migrated -y');
    await ada.run('app wait migrated --for deleted');
    expect(await kubectl(`-n ${namespace} get jobs -o name`)).toBe('');
  });

  it('run hooks when they are deleted, or are deleted without them', async () => {
    const job = (name: string, hook: string, tag: string) => `        apiVersion: batch/v1
        kind: Job
        metadata: { name: ${name}, annotations: { ${hook} } }
        spec: { backoffLimit: 0, template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "sandbox.invalid/app:${tag}" }] } } }
`;
    const manifest = (name: string, ...jobs: readonly string[]) =>
      `name: ${name}
profileName: default
source:
  type: yaml
  yaml:
    manifests: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: data }
        ---
${jobs.join('        ---\n')}`;
    const helm = job('backup', 'helm.sh/hook: pre-delete', 'exit-0');
    await ada.run(
      'app apply -f - --wait',
      manifest('going', helm, job('bye', 'argocd.argoproj.io/hook: PostDelete', 'exit-0')),
    );
    const namespace = await namespaceOf('going');
    expect(await kubectl(`-n ${namespace} get jobs -o name`)).toBe('');
    await ada.run('app delete going -y');
    expect(await ada.run('app events going')).toMatch(
      /pre-delete: 1 object \(1\/2\)\n[^]*post-delete: 1 object \(2\/2\)\n/,
    );

    await ada.run('app apply -f - --wait', manifest('staying', job('backup', 'helm.sh/hook: pre-delete', 'exit-3')));
    const kept = await namespaceOf('staying');
    const timedOut = await ada.astroctl(['app', 'delete', 'staying', '-y', '--timeout', '15s']);
    expect(timedOut.code).not.toBe(0);
    expect(await ada.run('app status staying')).toMatch(/^status: +DELETING$/m);
    expect(await ada.run('app events staying')).toMatch(/pre-delete hook Job\/backup failed: /);
    expect(await kubectl(`-n ${kept} get configmap data -o name`)).toBe('configmap/data\n');
    await ada.run('app delete staying -y --no-hooks');
    expect((await ada.astroctl(['app', 'status', 'staying'])).code).toBe(6);
  });

  it('run on a schedule, without a Service', async () => {
    await apply('report', '1', {
      image: "schedule: '0 3 * * *', timeZone: Europe/Berlin, preDeploy: { args: [check] }",
    });
    const namespace = await namespaceOf('report');
    expect(await kubectl(`-n ${namespace} get cronjob report -o jsonpath={.spec.schedule},{.spec.timeZone}`)).toBe(
      '0 3 * * *,Europe/Berlin',
    );
    expect(await kubectl(`-n ${namespace} get services,deployments -o name`)).toBe('');
    await eventually(async () => expect((await ada.run('app status report --field health')).trim()).toBe('Healthy'));
    const refused = await ada.astroctl(['app', 'apply', '-f', '-'], {
      input: application('report', '2', {
        more: 'externalAccess: { hostname: report.acme.dev }\n',
        image: "schedule: '@daily'",
      }),
    });
    expect(refused.stderr).toContain('externalAccess cannot be combined with schedule');
  });

  it('use-D21: become ready without a port', async () => {
    await apply('queue', '1', { image: 'port: none' });
    await eventually(async () => expect((await ada.run('app status queue --field health')).trim()).toBe('Healthy'));
    expect(await kubectl(`-n ${await namespaceOf('queue')} get services -o name`)).toBe('');
  });
});
