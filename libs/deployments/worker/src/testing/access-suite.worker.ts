import { createHash } from 'node:crypto';
import type { InputOf } from '#bus/contract';
import type { issueTokenRequest } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { createKubernetesClient, KubernetesApiError, type KubernetesClient } from '#kubernetes';
import { systemClock, systemIds } from '#runtime/system';
import { eventually } from '#testing';
import { AccessHandlers } from '../access/access.handlers.ts';
import { SYSTEM_NAMESPACE } from '../access/member-access.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, ROLE_BINDING, SERVICE_ACCOUNT } from '../cluster/kinds.ts';
import { CONFIG_MAP, dropNamespace, freshNamespace, type Workshop } from './workshop.worker.ts';

/** A hundred years, in seconds. */
const CENTURY = 100 * 365 * 24 * 3_600;
/** API servers cache a token for up to 10 s. */
const BELIEVED_MS = 20_000;
const WRITE = { fieldManager: 'astro-platform-test' };

/** Checks that access ends, on any kind of cluster. Creates and uses real tokens. */
export function accessSuite(workshop: () => Workshop): void {
  const ns = freshNamespace('access');
  const closed = freshNamespace('closed');
  const organizationId = 'org-1';
  const memberId = `ada-${ns}`;
  const account = `member-${createHash('sha256').update(`${organizationId}/${memberId}`).digest('hex').slice(0, 20)}`;
  let client: KubernetesClient;
  let handlers: AccessHandlers;
  const opened: KubernetesClient[] = [];

  beforeAll(async () => {
    client = workshop().client;
    handlers = new AccessHandlers(workshop().connections);
    for (const name of [ns, closed])
      await client.apply(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, WRITE);
  });
  afterEach(() => opened.splice(0).forEach((one) => one.close()));
  afterAll(async () => {
    for (const name of [ns, closed]) await dropNamespace(client, name);
  });

  const as = (token: string): KubernetesClient => {
    const { cluster, egress } = workshop();
    const made = createKubernetesClient({
      server: cluster.server,
      ...(cluster.certificateAuthority !== null && { ca: cluster.certificateAuthority }),
      credential: { token },
      egress,
      clock: systemClock,
      ids: systemIds,
      log: silentLogger,
    });
    opened.push(made);
    return made;
  };
  const issue = async (more: Partial<InputOf<typeof issueTokenRequest>>): Promise<KubernetesClient> => {
    const { cluster } = workshop();
    const wanted = { cluster, organizationId, memberId, access: 'cluster' as const, namespaces: [], ...more };
    const issued = await handlers.issue(wanted);
    if (!issued.ok) throw new Error(issued.error.detail);
    return as(issued.value.token);
  };
  const end = async () =>
    expect(await handlers.end({ cluster: workshop().cluster, organizationId, memberId })).toEqual({
      ok: true,
      value: {},
      meta: {},
    });
  const answerTo = async (asked: Promise<unknown>): Promise<number> => {
    try {
      await asked;
      return 200;
    } catch (error) {
      if (error instanceof KubernetesApiError) return error.status;
      throw error;
    }
  };
  const isUnknown = (who: KubernetesClient) =>
    eventually(async () => expect(await answerTo(who.list(CONFIG_MAP, { namespace: ns }))).toBe(401), BELIEVED_MS);
  const mayList = (who: KubernetesClient) =>
    eventually(async () => expect(await answerTo(who.list(CONFIG_MAP, { namespace: ns }))).toBe(200));

  it('use-S2: all tokens end with the account, regardless of their lifetime', async () => {
    const ada = await issue({});
    await mayList(ada);
    const { token, expiresAt } = await ada.requestToken(SYSTEM_NAMESPACE, account, CENTURY);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + CENTURY * 500);
    const later = as(token);
    await mayList(later);

    await end();
    await isUnknown(ada);
    await isUnknown(later);
    await end();

    await mayList(await issue({ access: 'view', namespaces: [ns] }));
    await isUnknown(later);
    await end();
  });

  it('use-S2: bindings and finalizers that the member added do not outlive the account', async () => {
    const ada = await issue({});
    await mayList(ada);
    const subject = { kind: 'ServiceAccount', name: account, namespace: SYSTEM_NAMESPACE };
    const other = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'grace' };
    const binding = (kind: string, name: string, namespace: string | undefined, subjects: readonly object[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind,
      metadata: { name, ...(namespace !== undefined && { namespace }), finalizers: ['astro.example/keep'] },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects,
    });
    await ada.create(CLUSTER_ROLE_BINDING, binding('ClusterRoleBinding', `back-${ns}`, undefined, [subject]), WRITE);
    await ada.create(ROLE_BINDING, binding('RoleBinding', 'shared', ns, [subject, other]), WRITE);
    await ada.patch(
      SERVICE_ACCOUNT,
      { name: account, namespace: SYSTEM_NAMESPACE },
      { kind: 'merge', body: { metadata: { finalizers: ['astro.example/keep'] } } },
      WRITE,
    );

    await end();
    await isUnknown(ada);
    await eventually(async () => {
      expect(await client.get(SERVICE_ACCOUNT, account, SYSTEM_NAMESPACE)).toBeUndefined();
      expect(await client.get(CLUSTER_ROLE_BINDING, `back-${ns}`)).toBeUndefined();
    });
    const shared = await client.get(ROLE_BINDING, 'shared', ns);
    expect(shared?.['subjects']).toEqual([other]);
    expect(JSON.stringify(await client.list(CLUSTER_ROLE_BINDING))).not.toContain(account);
    await client.patch(
      ROLE_BINDING,
      { name: 'shared', namespace: ns },
      { kind: 'merge', body: { metadata: { finalizers: null } } },
      WRITE,
    );
  });

  it('use-S1: an editor has read access only where an application of a protected profile is', async () => {
    const grace = await issue({ access: 'edit', namespaces: [ns], viewNamespaces: [closed] });
    const write = (namespace: string) =>
      answerTo(
        grace.apply(CONFIG_MAP, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace } }, WRITE),
      );
    await eventually(async () => expect(await write(ns)).toBe(200));
    await eventually(async () => expect(await answerTo(grace.list(CONFIG_MAP, { namespace: closed }))).toBe(200));
    expect(await write(closed)).toBe(403);
    await end();
  });
}
