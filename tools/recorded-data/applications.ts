import { z } from 'zod';
import { call, loginAdmin, startPlatform, type Person } from '#testing';
import { apiSettings, imageManifest, profileManifest, webSettings, yamlManifest } from './manifests.ts';
import { inOrganization } from './person.ts';

/** Manifests that a later release applies again and expects to be unchanged, by organization and application. */
export const LAST_MANIFESTS = {
  'acme/web': imageManifest('web', '1.2.0', { more: webSettings(3) }),
  'acme/api': imageManifest('api', '2.1.0', { more: apiSettings }),
  'acme/raw': yamlManifest('raw', 'second'),
  'initech/site': imageManifest('site', '5', { profile: 'default', namespace: 'initech-site' }),
} as const;

const kubeconfig = z.looseObject({
  server: z.string(),
  certificateAuthorityData: z.string().nullable(),
  token: z.string(),
});

/**
 * Records profiles of `acme` (one with two revisions, one protected, one deleted), a policy, and registered clusters.
 */
export async function recordProfilesAndClusters(admin: Person): Promise<void> {
  const { run } = inOrganization(admin, 'acme');
  const applyProfile = (name: string, settings: readonly string[]) =>
    run('app profile apply -f -', profileManifest(name, settings));
  await applyProfile('standard', ['availabilityTier: basic']);
  await applyProfile('standard', [
    'availabilityTier: basic',
    'defaults: { env: [{ name: REGION, value: here }], replicas: 1 }',
    'description: For most applications',
  ]);
  await applyProfile('locked', ['availabilityTier: basic', 'protected: true']);
  await applyProfile('old', []);
  await run('app profile delete old -y');
  await run('clusters policy set sandbox --pod-security baseline --namespaces *,!kube-*,!default,!astro-*,!legacy-*');

  // A cluster of another platform, which does not exist when the data is read.
  const other = await startPlatform();
  try {
    const { organization, key } = await loginAdmin(other);
    const issued = await call(other.url, `POST /v1/organizations/${organization.id}/clusters/sandbox/kubeconfig`, {
      credential: key,
    });
    const { server, certificateAuthorityData, token } = kubeconfig.parse(issued.body);
    const register = (clusterName: string, region: string) =>
      run(
        'clusters register -f -',
        JSON.stringify({ clusterName, provider: 'other', region, server, certificateAuthorityData, token }),
      );
    await register('closed', 'eu-1');
    await run('clusters delete closed -y');
    await register('elsewhere', 'eu-1');
    await register('elsewhere', 'eu-2');
  } finally {
    await other.stop();
  }
}

/**
 * Records applications of `acme`, of both kinds of sources: rolled back, failed, superseded, repaired and deleted ones.
 */
export async function recordApplications(admin: Person): Promise<void> {
  const { run, deploy, reaches } = inOrganization(admin, 'acme');
  const web = (tag: string, replicas: number) => imageManifest('web', tag, { more: webSettings(replicas) });
  await deploy(web('1.0.0', 2));
  await deploy(web('1.1.0', 3));
  await deploy(LAST_MANIFESTS['acme/web']);
  await run('app rollback web --to v1 -y');
  await run('app wait web');

  await deploy(imageManifest('api', '2.0.0', { more: apiSettings }));
  await deploy(LAST_MANIFESTS['acme/api']);

  await deploy(yamlManifest('raw', 'first'));
  await deploy(LAST_MANIFESTS['acme/raw']);

  await deploy(imageManifest('broken', '1'));
  await deploy(imageManifest('broken', 'missing'), 3);

  await run('app apply -f -', imageManifest('hasty', 'slow-600s'));
  await deploy(imageManifest('hasty', '2'));

  await deploy(imageManifest('safe', '1', { profile: 'locked' }));

  await deploy(imageManifest('healed', '1'));
  await run('clusters set-context sandbox --name acme');
  const namespace = (await run('app status healed --field targetNamespace')).trim();
  await kubectl(admin, ['delete', '-n', namespace, 'deployment', '--all']);
  await reaches('healed', 'DEGRADED');
  await deploy(imageManifest('healed', '2', { profile: 'locked' }));

  await deploy(imageManifest('gone', '1'));
  await run('app delete gone -y');
  await deploy(imageManifest('orphan', '1'));
  await run('app delete orphan --orphan -y');
  await deploy(imageManifest('gone', '2')); // the same name again, but another application
}

export async function recordInitechApplications(admin: Person): Promise<void> {
  const { run, deploy } = inOrganization(admin, 'initech');
  await deploy(imageManifest('site', '4', { profile: 'default', namespace: 'initech-site' }));
  await deploy(LAST_MANIFESTS['initech/site']);
  await deploy(yamlManifest('raw', 'only', { profile: 'default', namespace: 'initech-raw' }));
  await run('clusters set-context sandbox --name initech');
}

/** Starts a rollout that is in progress when the platform stops. A later release completes it. */
export async function recordUnderWay(admin: Person): Promise<void> {
  const { run, reaches } = inOrganization(admin, 'acme');
  await run('app apply -f -', imageManifest('underway', 'slow-60s'));
  await reaches('underway', 'PROGRESSING');
}

const objectList = z.looseObject({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({
        namespace: z.string(),
        name: z.string(),
        uid: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
      spec: z.looseObject({ selector: z.unknown() }).optional(),
    }),
  ),
});

/** Returns the Deployments and Services on the sandbox of an organization, which a later release must keep. */
export async function objectsOf(admin: Person, org: string): Promise<readonly unknown[]> {
  const listed = await kubectl(admin, ['--context', org, 'get', 'deployments,services', '-A', '-o', 'json']);
  return objectList.parse(JSON.parse(listed)).items.map(({ kind, metadata, spec }) => {
    const { namespace, name, uid, labels } = metadata;
    return { kind, namespace, name, uid, labels, selector: spec?.selector };
  });
}

async function kubectl({ machine }: Person, args: readonly string[]): Promise<string> {
  const done = await machine.kubectl(args);
  if (done.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${done.code}: ${done.stderr}`);
  return done.stdout;
}
