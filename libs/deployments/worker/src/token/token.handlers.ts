import { createHash } from 'node:crypto';
import { Input, refuse, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { issueTokenRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { isNotFound, type KubernetesClient, type KubernetesObject, type ResourceType } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { ClusterConnections } from '../connections.worker.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, ROLE_BINDING, SERVICE_ACCOUNT } from '../kinds.ts';
import { answering } from '../live/answering.worker.ts';
import { accessObjects, leftOver, SYSTEM_NAMESPACE } from './member-access.ts';

/** The shortest that a server gives, and the longest that we do. */
const TOKEN_SECONDS = 600;
const FIELD_MANAGER = 'astro-platform';
/** All bindings of one member, about a thousand. */
const BINDINGS_BYTES = 2 * 1_024 * 1_024;
/** Bindings written at once. */
const PARALLEL = 8;

@Controller()
export class TokenHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  /** Rights that are too many go before rights that are missing come, and both before the token. */
  @Serves(issueTokenRequest)
  issue(@Input() input: InputOf<typeof issueTokenRequest>) {
    const fingerprint = createHash('sha256')
      .update(`${input.organizationId}/${input.memberId}`)
      .digest('hex')
      .slice(0, 20);
    const wanted = accessObjects({ ...input, fingerprint });
    return answering(this.connections, input.cluster, async (client) => {
      const present = await bindingsOf(client, wanted.selector);
      await each(leftOver(present, wanted.bindings), (binding) => remove(client, binding));
      if (!(await client.get(NAMESPACE, SYSTEM_NAMESPACE)))
        await client.apply(NAMESPACE, wanted.namespace, { fieldManager: FIELD_MANAGER });
      await client.apply(SERVICE_ACCOUNT, wanted.account, { fieldManager: FIELD_MANAGER });
      const skipped: string[] = [];
      await each(wanted.bindings, async (binding) => {
        try {
          await client.apply(typeOf(binding), binding, { fieldManager: FIELD_MANAGER });
        } catch (error) {
          // A namespace that is claimed but not made yet, or gone: there is nothing in it to have a right to.
          if (!isNotFound(error)) throw error;
          skipped.push(binding.metadata.namespace ?? '');
        }
      });
      if (skipped.length > 0 && skipped.length === wanted.bindings.length) {
        return refuse(
          domainError(
            'deployments/namespace-gone',
            'not-found',
            `None of the namespaces exists on cluster ${input.cluster.name} yet.`,
            { fix: 'deploy an application first' },
          ),
        );
      }
      return reply(await client.requestToken(SYSTEM_NAMESPACE, wanted.account.metadata.name, TOKEN_SECONDS));
    });
  }
}

async function bindingsOf(client: KubernetesClient, labelSelector: string): Promise<readonly KubernetesObject[]> {
  const [inNamespaces, overall] = await Promise.all([
    client.list(ROLE_BINDING, { labelSelector, maxBytes: BINDINGS_BYTES }),
    client.list(CLUSTER_ROLE_BINDING, { labelSelector, maxBytes: BINDINGS_BYTES }),
  ]);
  return [
    // Members of a list do not say their kind.
    ...inNamespaces.items.map((item) => ({ ...item, kind: 'RoleBinding' })),
    ...overall.items.map((item) => ({ ...item, kind: 'ClusterRoleBinding' })),
  ];
}

const typeOf = ({ kind }: KubernetesObject): ResourceType =>
  kind === 'ClusterRoleBinding' ? CLUSTER_ROLE_BINDING : ROLE_BINDING;

async function remove(client: KubernetesClient, binding: KubernetesObject): Promise<void> {
  const { name, namespace, uid } = binding.metadata;
  await client.delete(
    typeOf(binding),
    { name, ...(namespace !== undefined && { namespace }) },
    { ...(uid !== undefined && { uid }) },
  );
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += PARALLEL) await Promise.all(items.slice(at, at + PARALLEL).map(work));
}
