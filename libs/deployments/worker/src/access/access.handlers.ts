import { createHash } from 'node:crypto';
import { Input, refuse, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { endAccessRequest, issueTokenRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { isNotFound, type KubernetesClient, type KubernetesObject, type ResourceType } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, ROLE_BINDING, SERVICE_ACCOUNT } from '../cluster/kinds.ts';
import {
  accessObjects,
  accountName,
  leftOver,
  memberSelector,
  subjectsWithout,
  SYSTEM_NAMESPACE,
} from './member-access.ts';

/** The minimum that API servers issue, and the maximum that the platform requests. */
const TOKEN_SECONDS = 600;
const WRITE = { fieldManager: 'astro-platform' };
/** Large enough for all bindings of one member, about a thousand. */
const BINDINGS_BYTES = 2 * 1_024 * 1_024;
/** Bindings that are written concurrently. */
const PARALLEL = 8;

/** Manages the accounts of members on clusters. */
@Controller()
export class AccessHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  /** Issues a token. Excess rights are removed before missing ones are added, and both before the token is created. */
  @Serves(issueTokenRequest)
  issue(@Input() input: InputOf<typeof issueTokenRequest>) {
    const wanted = accessObjects({ ...input, fingerprint: fingerprintOf(input) });
    return withClusterErrors(this.connections, input.cluster, async (client) => {
      const present = await bindingsOf(client, wanted.selector);
      await each(leftOver(present, wanted.bindings), (binding) => remove(client, typeOf(binding), binding));
      if (!(await client.get(NAMESPACE, SYSTEM_NAMESPACE))) await client.apply(NAMESPACE, wanted.namespace, WRITE);
      await client.apply(SERVICE_ACCOUNT, wanted.account, WRITE);
      const skipped: string[] = [];
      await each(wanted.bindings, async (binding) => {
        try {
          await client.apply(typeOf(binding), binding, WRITE);
        } catch (error) {
          // The namespace does not exist yet or was deleted, so there is nothing to grant access to.
          if (!isNotFound(error)) throw error;
          skipped.push(binding.metadata.namespace ?? '');
        }
      });
      if (skipped.length > 0 && skipped.length === wanted.bindings.length) {
        return refuse(
          domainError(
            'deployments/namespace-gone',
            'not-found',
            `None of the organization's namespaces exists on cluster ${input.cluster.name} yet.`,
            { fix: 'deploy an application first' },
          ),
        );
      }
      return reply(await client.requestToken(SYSTEM_NAMESPACE, wanted.account.metadata.name, TOKEN_SECONDS));
    });
  }

  /**
   * Ends the access of a member. The account is deleted first, which ends all its tokens, no matter who requested them.
   */
  @Serves(endAccessRequest)
  end(@Input() input: InputOf<typeof endAccessRequest>) {
    const fingerprint = fingerprintOf(input);
    return withClusterErrors(this.connections, input.cluster, async (client) => {
      const account = await client.get(SERVICE_ACCOUNT, accountName(fingerprint), SYSTEM_NAMESPACE);
      if (account) await remove(client, SERVICE_ACCOUNT, account);
      const own = await bindingsOf(client, memberSelector(fingerprint));
      await each(own, (binding) => remove(client, typeOf(binding), binding));
      await each(await bindingsOf(client), async (binding) => {
        const staying = subjectsWithout(binding, fingerprint);
        if (staying?.length === 0) await remove(client, typeOf(binding), binding);
        else if (staying)
          await client.patch(typeOf(binding), keyOf(binding), { kind: 'merge', body: { subjects: staying } }, WRITE);
      });
      return reply({});
    });
  }
}

const fingerprintOf = ({ organizationId, memberId }: { readonly organizationId: string; readonly memberId: string }) =>
  createHash('sha256').update(`${organizationId}/${memberId}`).digest('hex').slice(0, 20);

/** Returns the bindings with these labels. Defaults to all bindings of the cluster. */
async function bindingsOf(client: KubernetesClient, labelSelector?: string): Promise<readonly KubernetesObject[]> {
  const options = labelSelector === undefined ? {} : { labelSelector, maxBytes: BINDINGS_BYTES };
  const [inNamespaces, overall] = await Promise.all([
    client.list(ROLE_BINDING, options),
    client.list(CLUSTER_ROLE_BINDING, options),
  ]);
  return [
    // Items of a list have no kind.
    ...inNamespaces.items.map((item) => ({ ...item, kind: 'RoleBinding' })),
    ...overall.items.map((item) => ({ ...item, kind: 'ClusterRoleBinding' })),
  ];
}

const typeOf = ({ kind }: KubernetesObject): ResourceType =>
  kind === 'ClusterRoleBinding' ? CLUSTER_ROLE_BINDING : ROLE_BINDING;

const keyOf = ({ metadata: { name, namespace } }: KubernetesObject) => ({
  name,
  ...(namespace !== undefined && { namespace }),
});

/** Deletes an object, including its finalizers, since a member with write access could add some to keep it. */
async function remove(client: KubernetesClient, type: ResourceType, object: KubernetesObject): Promise<void> {
  const { uid } = object.metadata;
  const outcome = await client.delete(type, keyOf(object), { ...(uid !== undefined && { uid }) });
  if (outcome !== 'deleting') return; // also returned for deleted accounts: servers respond with the object
  try {
    await client.patch(type, keyOf(object), { kind: 'merge', body: { metadata: { finalizers: null } } }, WRITE);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += PARALLEL) await Promise.all(items.slice(at, at + PARALLEL).map(work));
}
