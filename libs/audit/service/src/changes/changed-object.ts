import type { ChangeKind } from '#audit/contract';
import { idOf, type Recorded } from '#kernel';

/** An object that an event has changed. */
export interface ChangedObject {
  readonly kind: ChangeKind;
  readonly id: string;
}

/** Events that change nothing that a member can read, or a part of a change that another event reports. */
export const IGNORED = 'ignored';

/** Where the ID of an object is: the stream's name, the envelope, or a member of the data. */
type IdSource = 'stream' | 'organization' | { readonly member: string; readonly or?: 'stream' };
type Rule = readonly [kind: ChangeKind, id: IdSource];

const member: Rule = ['member', { member: 'memberId' }];
const invitation: Rule = ['invitation', { member: 'invitationId' }];
const organization: Rule = ['organization', 'organization'];
const subscription: Rule = ['subscription', 'organization'];
const usage: Rule = ['usage', 'organization'];
const key: Rule = ['access-key', { member: 'keyId' }];
const application: Rule = ['application', { member: 'applicationId', or: 'stream' }];
const secret: Rule = ['secret', 'stream'];
const webhook: Rule = ['webhook', 'stream'];
const profile: Rule = ['profile', 'stream'];
const cluster: Rule = ['cluster', 'stream'];
const access: Rule = ['cluster-access', 'stream'];
const credential: Rule = ['credential', { member: 'host' }];
/** The data says which kind of object it is. */
const named = 'named';

const platform = IGNORED; // does not belong to an organization
const claim = IGNORED; // of a name, host, or namespace, for an object that has events of its own
const lease = IGNORED; // only for workers
const audit = IGNORED; // the audit log has its own stream

/** What each type of event changes. Types that are missing are from a newer release. */
export const CHANGES: Readonly<Record<string, Rule | typeof named | typeof IGNORED>> = {
  'user.registered.v1': platform,
  'user.global-role-set.v1': platform,
  'user.suspended.v1': platform,
  'user.restored.v1': platform,
  'user.erased.v1': platform,
  'session.started.v1': platform,
  'session.ended.v1': platform,
  'subject.claimed.v1': platform,
  'password-link.created.v1': platform,
  'password-link.used.v1': platform,
  'global-admin.granted.v1': platform,
  'global-admin.withdrawn.v1': platform,

  'organization.created.v1': organization,
  'organization.renamed.v1': organization,
  'organization.settings-set.v1': organization,
  'organization.deletion-requested.v1': organization,
  'organization.deleted.v1': organization,
  'organization.member-added.v1': member,
  'organization.member-role-changed.v1': member,
  'organization.member-removed.v1': member,
  'organization.audit-right-set.v1': member,
  'organization.member-invited.v1': invitation,
  'organization.invitation-resent.v1': invitation,
  'organization.invitation-accepted.v1': invitation,
  'organization.invitation-declined.v1': invitation,
  'organization.invitation-revoked.v1': invitation,
  'organization.seat-limit-set.v1': usage,
  'name.claimed.v1': claim,
  'name.released.v1': claim,

  'access-key.created.v1': key,
  'access-key.revoked.v1': key,
  'access-key.rotated.v1': key,
  'access-key.leaked.v1': key,
  'access-key.expiry-announced.v1': IGNORED,
  'access-keys.limits-set.v1': usage,

  'subscription.started.v1': subscription,
  'subscription.change-requested.v1': subscription,
  'subscription.plan-changed.v1': subscription,
  'subscription.change-refused.v1': subscription,
  'subscription.ended.v1': subscription,

  'application.configured.v1': application,
  'application.deletion-requested.v1': application,
  'application.deleted.v1': application,
  'application.paused.v1': application,
  'application.resumed.v1': application,
  'application.secrets-set.v1': secret,
  'application.secret-unset.v1': secret,
  'application.webhook-created.v1': webhook,
  'application.webhook-deleted.v1': webhook,
  'application.health-changed.v1': application,
  'application.source-check-failed.v1': application,
  'application.source-check-recovered.v1': application,
  'deployment.requested.v1': application,
  'deployment.succeeded.v1': application,
  'deployment.failed.v1': application,
  'deployment.superseded.v1': application,
  'deployment.abandoned.v1': application,
  'attempt.claimed.v1': application,
  'attempt.extended.v1': lease,
  'attempt.fetched.v1': application,
  'attempt.rendered.v1': application,
  'attempt.planned.v1': application,
  'attempt.inventory-recorded.v1': lease,
  'attempt.inventory-settled.v1': lease,
  'attempt.applied.v1': application,
  'attempt.progressing.v1': application,
  'attempt.healthy.v1': application,
  'attempt.pruned.v1': application,
  'attempt.lapsed.v1': application,
  'attempt.ended.v1': application,

  'catalog.name-claimed.v1': named,
  'catalog.name-prepared.v1': named,
  'catalog.reference-changed.v1': named,
  'catalog.name-retiring.v1': named,
  'catalog.name-released.v1': named,
  'catalog.deployment-counted.v1': usage,
  'catalog.limits-set.v1': usage,
  'hosts.claimed.v1': claim,
  'hosts.released.v1': claim,
  'namespace.claimed.v1': claim,
  'namespace.released.v1': claim,
  'cluster-uid.claimed.v1': claim,
  'cluster-uid.released.v1': claim,

  'profile.created.v1': profile,
  'profile.changed.v1': profile,
  'profile.deleted.v1': profile,

  'cluster.registered.v1': cluster,
  'cluster.changed.v1': cluster,
  'cluster.policy-set.v1': cluster,
  'cluster.ingress-set.v1': cluster,
  'cluster.health-set.v1': cluster,
  'cluster.state-changed.v1': cluster,
  'cluster.deleted.v1': cluster,
  'cluster.access-granted.v1': access,
  'cluster.kubeconfig-issued.v1': access,
  'cluster.access-ending.v1': access,
  'cluster.access-end-failed.v1': access,
  'cluster.access-ended.v1': access,

  'credential.set.v1': credential,
  'credential.deleted.v1': credential,
  'egress.allowed.v1': platform,
  'egress.denied.v1': platform,

  'platform.policy-published.v1': platform,
  'platform.exported.v1': platform,
  'platform.imported.v1': platform,
  'audit.head-signed.v1': audit,
  'audit.head-published.v1': audit,
  'audit-key.created.v1': platform,
  'projection.rebuild-requested.v1': platform,
  'projection.retry-requested.v1': platform,
  'refusal.recorded.v1': audit,
  'refusals.dropped.v1': audit,
  'read.recorded.v1': audit,
};

/** Returns the object that an event of an organization has changed; undefined if readers need not know. */
export function changedObject({ event, metadata }: Recorded, organizationId: string): ChangedObject | undefined {
  const rule = Object.hasOwn(CHANGES, event.type) ? CHANGES[event.type] : IGNORED;
  if (rule === undefined || rule === IGNORED) return undefined;
  const data = event.data as Readonly<Record<string, unknown>>; // of every event
  if (rule === named) {
    const { kind, id } = data;
    return isNamedKind(kind) ? { kind, id: String(id) } : undefined;
  }
  const [kind, source] = rule;
  if (source === 'organization') return { kind, id: organizationId };
  if (source === 'stream') return { kind, id: idOf(metadata.stream) };
  const id = data[source.member];
  if (typeof id === 'string') return { kind, id };
  return source.or === 'stream' ? { kind, id: idOf(metadata.stream) } : undefined;
}

const NAMED_KINDS = ['application', 'profile', 'cluster'] as const;
const isNamedKind = (kind: unknown): kind is (typeof NAMED_KINDS)[number] =>
  NAMED_KINDS.some((known) => known === kind);

/** Kinds of objects in the names of the audit log, of kinds whose objects keep one name. */
const NAMED_AS: Readonly<Partial<Record<ChangeKind, string>>> = {
  member: 'member',
  'access-key': 'key',
  application: 'application',
  secret: 'application',
  webhook: 'application',
  profile: 'profile',
  cluster: 'cluster',
  'cluster-access': 'cluster',
};

/** Returns `kind/id` of the object whose name a change has; undefined if it has none. */
export function namedObject({ kind, id }: ChangedObject): string | undefined {
  const named = NAMED_AS[kind];
  return named === undefined ? undefined : `${named}/${id}`;
}
