import { jest } from '@jest/globals';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { startSandboxes } from '#sandbox-cluster/service';
import {
  call,
  eventually,
  loginAdmin,
  newPerson,
  startPlatform,
  temporaryFolder,
  type Person,
  type Platform,
} from '#testing';
import { z } from 'zod';
import { clientOf, type SandboxClient } from './sandbox.fixture.ts';

jest.setTimeout(240_000);

const CENTURY = 100 * 365 * 24 * 3_600;
const kubeconfigSchema = z.looseObject({
  server: z.string(),
  token: z.string(),
  certificateAuthorityData: z.string(),
  namespace: z.string().nullable(),
});

describe('use-S2: credentials of clusters end with the membership', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  let ada: Person;

  beforeAll(async () => {
    // The other cluster of these tests is on this machine.
    platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8' } });
    ada = await loginAdmin(platform);
    expect((await ask(ada, 'GET profiles')).status).toBe(200); // the sandbox is created on the first request
    const source = { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } };
    expect((await ask(ada, 'PUT applications/web', { name: 'web', source })).status).toBe(201);
    await ada.machine.run('app wait web --for running');
  });
  afterAll(() => platform.stop());

  const ask = (who: Person, what: string, body?: unknown) => {
    const [method = '', path = ''] = what.split(' ');
    return call(platform.url, `${method} /v1/organizations/${ada.organization.id}/${path}`, {
      credential: who.accessToken,
      ...(body !== undefined && { body }),
    });
  };
  const member = async (name: string, role: string): Promise<Person> => {
    const person = await newPerson(platform, `${name}@astro.localhost`, `a password of ${name}`);
    expect((await ask(ada, `PUT members/${person.userId}`, { role })).status).toBe(200);
    return person;
  };
  /** Credentials of a user for a cluster. */
  async function kubeconfig(who: Person, cluster = 'sandbox') {
    const { status, body } = await ask(who, `POST clusters/${cluster}/kubeconfig`, {});
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    const { server, token, certificateAuthorityData, namespace } = kubeconfigSchema.parse(body);
    const certificateAuthority = Buffer.from(certificateAuthorityData, 'base64').toString('utf8');
    return { ...clientOf({ server, token, certificateAuthority }), namespace };
  }
  const statusOf = async (client: SandboxClient, asked: string, token = client.token, body?: unknown) =>
    (await client.ask(asked, { token, ...(body !== undefined && { body }) })).status;
  const secrets = 'GET /api/v1/secrets';
  /** Creates a token for an admin's own account, as the admin could. */
  async function centuryToken(client: SandboxClient): Promise<string> {
    const review = await client.ask('POST /apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    const [, namespace, name] = /system:serviceaccount:([^:"]+):([^:"]+)/.exec(JSON.stringify(review.body)) ?? [];
    const made = await client.ask(`POST /api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: CENTURY },
      },
    });
    expect(made.status).toBe(201);
    return z.looseObject({ status: z.looseObject({ token: z.string() }) }).parse(made.body).status.token;
  }
  const accesses = async (cluster = 'sandbox') =>
    z
      .looseObject({
        items: z.array(z.looseObject({ who: z.string(), access: z.string(), state: z.string(), code: z.unknown() })),
      })
      .parse((await ask(ada, `GET clusters/${cluster}/access`)).body).items;

  it('of a removed admin, including a token with a lifetime of a hundred years that they created', async () => {
    const linus = await member('linus', 'admin');
    const cluster = await kubeconfig(linus);
    const later = await centuryToken(cluster);
    expect([await statusOf(cluster, secrets), await statusOf(cluster, secrets, later)]).toEqual([200, 200]);
    expect(await accesses()).toMatchObject([{ who: linus.email, access: 'cluster', state: 'ACTIVE' }]);

    const removal = await ask(ada, `DELETE members/${linus.userId}`);
    expect([removal.status, removal.headers.get('warning')]).toEqual([200, null]);
    expect([await statusOf(cluster, secrets), await statusOf(cluster, secrets, later)]).toEqual([401, 401]);
    expect(await accesses()).toEqual([]);

    await ask(ada, `PUT members/${linus.userId}`, { role: 'viewer' });
    const again = await kubeconfig(linus);
    expect(await statusOf(again, `GET /api/v1/namespaces/${again.namespace}/pods`)).toBe(200);
    expect([await statusOf(again, secrets), await statusOf(cluster, secrets, later)]).toEqual([403, 401]);
  });

  it('of an editor who becomes a viewer', async () => {
    const grace = await member('grace', 'editor');
    const cluster = await kubeconfig(grace);
    const at = `/api/v1/namespaces/${cluster.namespace}/configmaps`;
    const object = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    expect(await statusOf(cluster, `POST ${at}`, cluster.token, object('one'))).toBe(201);
    expect((await ask(ada, `PUT members/${grace.userId}`, { role: 'viewer' })).status).toBe(200);
    expect(await statusOf(cluster, `POST ${at}`, cluster.token, object('two'))).toBe(401);
    const now = await kubeconfig(grace);
    expect([await statusOf(now, `GET ${at}`), await statusOf(now, `POST ${at}`, now.token, object('two'))]).toEqual([
      200, 403,
    ]);
  });

  it('of a member who leaves', async () => {
    const hedy = await member('hedy', 'admin');
    const cluster = await kubeconfig(hedy);
    expect(await statusOf(cluster, secrets)).toBe(200);
    expect((await ask(hedy, 'DELETE members/me')).status).toBe(200);
    expect(await statusOf(cluster, secrets)).toBe(401);
  });

  it('as soon as an unavailable cluster is available again', async () => {
    const open = async () => {
      const served = await startSandboxes({
        folder,
        host: '127.0.0.1',
        preferredPort: 0,
        clock: systemClock,
        log: silentLogger,
      });
      return { ...(await served.connectionOf('org-dev')), close: () => served.close() };
    };
    let dev = await open();
    const registered = await ask(ada, 'PUT clusters/dev', {
      clusterName: 'dev',
      server: dev.server,
      token: dev.token,
      certificateAuthorityData: Buffer.from(dev.certificateAuthority).toString('base64'),
    });
    expect(registered.status).toBe(201);
    const eve = await member('eve', 'admin');
    const cluster = await kubeconfig(eve, 'dev');
    expect(await statusOf(cluster, secrets)).toBe(200);

    await dev.close();
    const removal = await ask(ada, `DELETE members/${eve.userId}`);
    expect([removal.status, removal.headers.get('warning')]).toEqual([
      200,
      expect.stringContaining('Access to cluster dev has not ended yet'),
    ]);
    expect(await accesses('dev')).toMatchObject([
      { who: eve.email, access: 'cluster', state: 'ENDING', code: 'deployments/cluster-unreachable' },
    ]);
    expect(await ada.machine.run('clusters access dev')).toMatch(/^WHO +ACCESS +SINCE +LAST-ISSUED\n.*ending/m);
    expect(await ada.machine.run('clusters events dev')).toMatch(/^TIME +STATE +MESSAGE\n\S+ +READY +registered: /);

    dev = await open();
    try {
      await eventually(async () => expect(await accesses('dev')).toEqual([]), 60_000);
      expect(await statusOf(cluster, secrets)).toBe(401);
    } finally {
      await dev.close();
    }
  });
});
