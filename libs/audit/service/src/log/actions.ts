/** How the audit log shows an event. */
export interface Action {
  /** Kind of the object, and the member of the data that has its ID; `stream`: the ID in the stream's name. */
  readonly object?: readonly [kind: string, id: string];
  /** Members of the data that are shown. Dots address members of objects, also in lists. */
  readonly shows?: readonly string[];
}

/**
 * Events that the list leaves out: a step or a consequence of another event that it shows, or an observation of a
 * cluster. The tree and the export of the log have them.
 */
export const HIDDEN = 'hidden';

const step = HIDDEN; // of an attempt: `app events` shows it
const name = HIDDEN; // a claim of a name, host, or namespace, made by the event that creates the object
const limit = HIDDEN; // part of a change of plan
const observation = HIDDEN;

const user = ['user', 'stream'] as const;
const session = ['session', 'sessionId'] as const;
const organization = ['organization', 'stream'] as const;
const member = ['member', 'memberId'] as const;
const invitation = ['invitation', 'invitationId'] as const;
const key = ['key', 'keyId'] as const;
const application = ['application', 'stream'] as const;
const profile = ['profile', 'stream'] as const;
const cluster = ['cluster', 'stream'] as const;

/**
 * All types of events. An event whose type is missing is from a newer release, and is shown without object and details.
 * A type that is added here needs the next version of the projection.
 */
export const ACTIONS: Readonly<Record<string, Action | typeof HIDDEN>> = {
  'user.registered.v1': { object: user, shows: ['globalRole'] },
  'user.global-role-set.v1': { object: user, shows: ['globalRole'] },
  'user.suspended.v1': { object: user, shows: ['reason'] },
  'user.restored.v1': { object: user },
  'user.erased.v1': { object: user },
  'session.started.v1': { object: session, shows: ['expiresAt'] },
  'session.ended.v1': { object: session, shows: ['reason'] },
  'subject.claimed.v1': name,
  'password-link.created.v1': { object: ['account', 'stream'], shows: ['expiresAt'] },
  'password-link.used.v1': { object: ['account', 'stream'] },
  'global-admin.granted.v1': HIDDEN,
  'global-admin.withdrawn.v1': HIDDEN,

  'organization.created.v1': { object: organization, shows: ['name', 'slug'] },
  'organization.renamed.v1': { object: organization, shows: ['name', 'slug'] },
  'organization.settings-set.v1': {
    object: organization,
    shows: ['contact', 'keyExpiry', 'viewersReadLogs', 'revokeLeakedKeys'],
  },
  'organization.member-added.v1': { object: member, shows: ['role', 'until'] },
  'organization.member-role-changed.v1': { object: member, shows: ['role', 'until'] },
  'organization.member-removed.v1': { object: member },
  'organization.audit-right-set.v1': { object: member, shows: ['granted', 'until'] },
  'organization.member-invited.v1': { object: invitation, shows: ['role', 'expiresAt'] },
  'organization.invitation-resent.v1': { object: invitation, shows: ['expiresAt'] },
  'organization.invitation-accepted.v1': { object: invitation, shows: ['memberId', 'userId'] },
  'organization.invitation-declined.v1': { object: invitation },
  'organization.invitation-revoked.v1': { object: invitation },
  'organization.deletion-requested.v1': { object: organization, shows: ['cascade', 'orphan'] },
  'organization.deleted.v1': { object: organization },
  'organization.seat-limit-set.v1': limit,
  'name.claimed.v1': name,
  'name.released.v1': name,

  'access-key.created.v1': { object: key, shows: ['name', 'role', 'memberId', 'source', 'expiresAt'] },
  'access-key.revoked.v1': { object: key, shows: ['reason'] },
  'access-key.rotated.v1': { object: key, shows: ['replacedBy', 'worksUntil'] },
  'access-key.expiry-announced.v1': HIDDEN,
  'access-key.leaked.v1': { object: key, shows: ['where'] },
  'access-keys.limits-set.v1': limit,

  'subscription.started.v1': { object: ['plan', 'plan'] },
  'subscription.change-requested.v1': HIDDEN,
  'subscription.plan-changed.v1': { object: ['plan', 'to'], shows: ['from', 'to'] },
  'subscription.change-refused.v1': { object: ['plan', 'to'], shows: ['over'] },
  'subscription.ended.v1': { object: ['plan', 'plan'] },

  'application.configured.v1': { object: application, shows: ['revision', 'message'] },
  'application.deletion-requested.v1': { object: application, shows: ['orphan'] },
  'application.deleted.v1': { object: application },
  'application.paused.v1': { object: application, shows: ['message'] },
  'application.resumed.v1': { object: application, shows: ['message'] },
  'application.secrets-set.v1': { object: application, shows: ['secrets.key'] },
  'application.secret-unset.v1': { object: application, shows: ['key'] },
  'application.webhook-created.v1': { object: application, shows: ['provider', 'id'] },
  'application.webhook-deleted.v1': { object: application, shows: ['id'] },
  'application.health-changed.v1': observation,
  'application.source-check-failed.v1': observation,
  'application.source-check-recovered.v1': observation,
  'deployment.requested.v1': { object: application, shows: ['cause', 'revision', 'message'] },
  'deployment.succeeded.v1': { object: application, shows: ['revision'] },
  'deployment.failed.v1': { object: application, shows: ['revision', 'code'] },
  'deployment.superseded.v1': { object: application, shows: ['revision', 'byRevision'] },
  'deployment.abandoned.v1': { object: application, shows: ['revision'] },
  'attempt.claimed.v1': step,
  'attempt.extended.v1': step,
  'attempt.fetched.v1': step,
  'attempt.rendered.v1': step,
  'attempt.planned.v1': step,
  'attempt.inventory-recorded.v1': step,
  'attempt.inventory-settled.v1': step,
  'attempt.applied.v1': step,
  'attempt.progressing.v1': step,
  'attempt.healthy.v1': step,
  'attempt.pruned.v1': step,
  'attempt.lapsed.v1': step,
  'attempt.ended.v1': step,

  'catalog.name-claimed.v1': name,
  'catalog.name-prepared.v1': name,
  'catalog.reference-changed.v1': name,
  'catalog.name-retiring.v1': name,
  'catalog.name-released.v1': name,
  'catalog.deployment-counted.v1': limit,
  'catalog.limits-set.v1': limit,
  'hosts.claimed.v1': name,
  'hosts.released.v1': name,
  'namespace.claimed.v1': name,
  'namespace.released.v1': name,
  'cluster-uid.claimed.v1': name,
  'cluster-uid.released.v1': name,

  'profile.created.v1': { object: profile },
  'profile.changed.v1': { object: profile, shows: ['revision'] },
  'profile.deleted.v1': { object: profile },

  'cluster.registered.v1': { object: cluster, shows: ['provider', 'region'] },
  'cluster.changed.v1': { object: cluster, shows: ['provider', 'region'] },
  'cluster.policy-set.v1': { object: cluster },
  'cluster.ingress-set.v1': { object: cluster },
  'cluster.health-set.v1': { object: cluster },
  'cluster.state-changed.v1': observation,
  'cluster.access-granted.v1': { object: cluster, shows: ['memberId', 'access'] },
  'cluster.kubeconfig-issued.v1': { object: cluster, shows: ['memberId', 'access', 'expiresAt'] },
  'cluster.access-ending.v1': { object: cluster, shows: ['memberId', 'cause'] },
  'cluster.access-end-failed.v1': { object: cluster, shows: ['memberId', 'code'] },
  'cluster.access-ended.v1': { object: cluster, shows: ['memberId'] },
  'cluster.deleted.v1': { object: cluster },

  'credential.set.v1': { object: ['credential', 'host'], shows: ['kind'] },
  'credential.deleted.v1': { object: ['credential', 'host'] },
  'egress.allowed.v1': { object: ['egress', 'entry'] },
  'egress.denied.v1': { object: ['egress', 'entry'] },

  'platform.policy-published.v1': { shows: ['release'] },
  'platform.exported.v1': { shows: ['records', 'events', 'sha256'] },
  'platform.imported.v1': { shows: ['exportedAt', 'records', 'events', 'erasures', 'sha256'] },
  'projection.rebuild-requested.v1': { object: ['projection', 'stream'] },
  'projection.retry-requested.v1': { object: ['projection', 'stream'] },
  'audit.head-signed.v1': HIDDEN,
  'audit.head-published.v1': HIDDEN,
  'audit-key.created.v1': {},

  'refusal.recorded.v1': {},
  'refusals.dropped.v1': {},
  'read.recorded.v1': {},
};
