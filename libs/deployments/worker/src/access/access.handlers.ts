import { createHash } from 'node:crypto';
import { Input, refuse, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { endAccessRequest, issueTokenRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { isNotFound, type KubernetesClient, type KubernetesObject, type ResourceType } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { answering } from '../cluster/answering.worker.ts';
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

/** The shortest that a server gives, and the longest that we do. */
const TOKEN_SECONDS = 600;
const WRITE = { fieldManager: 'astro-platform' };
/** All bindings of one member, about a thousand. */
const BINDINGS_BYTES = 2 * 1_024 * 1_024;
/** Bindings written at once. */
const PARALLEL = 8;

/** Accounts of members on clusters: their tokens, and their end. */
@Controller()
export class AccessHandlers {
  constructor(@Inject(ClusterConnections) private readonly connections: ClusterConnections) {}

  /** Rights that are too many go before rights that are missing come, and both before the token. */
  @Serves(issueTokenRequest)
  issue(@Input() input: InputOf<typeof issueTokenRequest>) {
    const wanted = accessObjects({ ...input, fingerprint: fingerprintOf(input) });
    return answering(this.connections, input.cluster, async (client) => {
      const present = await bindingsOf(client, wanted.selector);
      await each(leftOver(present, wanted.bindings), (binding) => remove(client, typeOf(binding), binding));
      if (!(await client.get(NAMESPACE, SYSTEM_NAMESPACE))) await client.apply(NAMESPACE, wanted.namespace, WRITE);
      await client.apply(SERVICE_ACCOUNT, wanted.account, WRITE);
      const skipped: string[] = [];
      await each(wanted.bindings, async (binding) => {
        try {
          await client.apply(typeOf(binding), binding, WRITE);
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
            `None of the organization's namespaces exists on cluster ${input.cluster.name} yet.`,
            { fix: 'deploy an application first' },
          ),
        );
      }
      return reply(await client.requestToken(SYSTEM_NAMESPACE, wanted.account.metadata.name, TOKEN_SECONDS));
    });
  }

  /** The account goes first: with it, every token of it ends, whoever asked for it and for how long. */
  @Serves(endAccessRequest)
  end(@Input() input: InputOf<typeof endAccessRequest>) {
    const fingerprint = fingerprintOf(input);
    return answering(this.connections, input.cluster, async (client) => {
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

/** All bindings of the cluster where no selector is given. */
async function bindingsOf(client: KubernetesClient, labelSelector?: string): Promise<readonly KubernetesObject[]> {
  const options = labelSelector === undefined ? {} : { labelSelector, maxBytes: BINDINGS_BYTES };
  const [inNamespaces, overall] = await Promise.all([
    client.list(ROLE_BINDING, options),
    client.list(CLUSTER_ROLE_BINDING, options),
  ]);
  return [
    // Members of a list do not say their kind.
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

/** Whoever may write an object may also keep it from going: what holds it back is taken away. */
async function remove(client: KubernetesClient, type: ResourceType, object: KubernetesObject): Promise<void> {
  const { uid } = object.metadata;
  const outcome = await client.delete(type, keyOf(object), { ...(uid !== undefined && { uid }) });
  if (outcome !== 'deleting') return; // said of accounts that are gone too: servers answer with the object
  try {
    await client.patch(type, keyOf(object), { kind: 'merge', body: { metadata: { finalizers: null } } }, WRITE);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += PARALLEL) await Promise.all(items.slice(at, at + PARALLEL).map(work));
}
