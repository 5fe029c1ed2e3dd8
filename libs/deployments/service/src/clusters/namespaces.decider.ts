import { assertNever, err, ok, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

/** Stream: `namespaces-<uid of the physical cluster>`. Rights on a cluster depend on these claims. */
export type NamespacesEvent =
  | Fact<
      'namespace.claimed.v1',
      { readonly namespace: string; readonly organizationId: string; readonly applicationId: string }
    >
  | Fact<'namespace.released.v1', { readonly namespace: string; readonly applicationId: string }>;

/** Organization and applications that use a namespace. */
export interface NamespaceClaim {
  readonly organizationId: string;
  /** Applications of that organization that share the namespace. */
  readonly applications: readonly string[];
}

/** Claims of a physical cluster, by namespace. */
export type Namespaces = ReadonlyMap<string, NamespaceClaim>;

/** Commands of the namespaces of a physical cluster. */
export type NamespacesCommand =
  | {
      readonly type: 'claim';
      readonly namespace: string;
      readonly organizationId: string;
      readonly applicationId: string;
      /**
       * Whether the manifest names the namespace, so that it may be shared within the organization. A default namespace
       * belongs to one application.
       */
      readonly named: boolean;
      /**
       * Applications with which the namespace may be shared, since their protection was looked up. Another one that
       * uses it causes a new lookup. If absent, it may be shared with any.
       */
      readonly sharers?: readonly string[];
    }
  | { readonly type: 'release'; readonly namespace: string; readonly applicationId: string };

const events: EventFamily<NamespacesEvent> = {
  categories: ['namespaces'],
  types: { 'namespace.claimed.v1': true, 'namespace.released.v1': true },
};

function evolve(namespaces: Namespaces, event: NamespacesEvent): Namespaces {
  const next = new Map(namespaces);
  const { namespace, applicationId } = event.data;
  const present = next.get(namespace);
  switch (event.type) {
    case 'namespace.claimed.v1':
      return next.set(namespace, {
        organizationId: event.data.organizationId,
        applications: [...(present?.applications ?? []), applicationId],
      });
    case 'namespace.released.v1': {
      const left = present?.applications.filter((id) => id !== applicationId) ?? [];
      if (present && left.length > 0) next.set(namespace, { ...present, applications: left });
      else next.delete(namespace);
      return next;
    }
    default:
      return assertNever(event);
  }
}

function decide(
  command: NamespacesCommand,
  namespaces: Namespaces,
): Result<readonly NamespacesEvent[], DeploymentsError> {
  const { namespace, applicationId } = command;
  const present = namespaces.get(namespace);
  if (command.type === 'release')
    return ok(
      present?.applications.includes(applicationId)
        ? [{ type: 'namespace.released.v1', data: { namespace, applicationId } }]
        : [],
    );
  if (present?.applications.includes(applicationId)) return ok([]);
  if (present && (!command.named || present.organizationId !== command.organizationId))
    return err(namespaceTaken(namespace));
  const { sharers } = command;
  if (sharers && present?.applications.some((id) => !sharers.includes(id)))
    return err(deploymentsErrors.staleRevision());
  return ok([
    { type: 'namespace.claimed.v1', data: { namespace, organizationId: command.organizationId, applicationId } },
  ]);
}

const namespaceTaken = (namespace: string): DeploymentsError =>
  deploymentsErrors.namespaceNotAllowed(
    namespace,
    'another application claimed it',
    'omit namespace, or choose another',
  );

/** Decides which applications use a namespace of a physical cluster. */
export const namespacesDecider: Decider<Namespaces, NamespacesCommand, NamespacesEvent, DeploymentsError> = {
  events,
  initialState: new Map(),
  evolve,
  decide,
};

/** Returns the name of the stream with the namespaces of a physical cluster. */
export const namespacesStream = (clusterUid: string): string => `namespaces-${clusterUid}`;

/** Maximum length of the name of a namespace. */
const LONGEST = 63;

/**
 * Returns the namespace of an application whose manifest names none: `<slug>-<name>` or, if another application has
 * that, a shortened name with five characters of the application's id.
 */
export function defaultNamespace(slug: string, name: string, applicationId: string, namespaces: Namespaces): string {
  const plain = `${slug}-${name}`.slice(0, LONGEST).replace(/-+$/, '');
  const holder = namespaces.get(plain);
  if (!holder || holder.applications.includes(applicationId)) return plain;
  return `${plain.slice(0, LONGEST - 6).replace(/-+$/, '')}-${applicationId.replaceAll('-', '').slice(-5)}`;
}

/** Returns whether a namespace belongs to Kubernetes or the platform. No policy can allow it. */
export const isReservedNamespace = (namespace: string): boolean =>
  namespace === 'default' || namespace.startsWith('kube-') || namespace.startsWith('astro-');
