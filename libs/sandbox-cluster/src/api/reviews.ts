import { err, ok, type JsonObject, type Result } from '#kernel';
import { apiVersionOf, type ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { readBody } from './decoding.ts';
import { encodedManagers, ownersOfNew, writerOf } from './ownership.ts';
import { listAt, textAt, treeAt } from './reading.ts';
import { mayDo, rulesOf, type Attributes } from './roles.ts';
import { badRequest, causes, invalid } from './status.ts';
import { callerOf, type Caller } from './tokens.ts';
import type { WriteApi, WriteOptions } from './write-api.ts';

/** Review kinds. They return a result and are never stored. */
export const REVIEWS: ReadonlySet<string> = new Set([
  'LocalSubjectAccessReview',
  'SelfSubjectAccessReview',
  'SelfSubjectReview',
  'SelfSubjectRulesReview',
  'SubjectAccessReview',
  'TokenReview',
]);
/** Reviews that every user may create, because they concern the caller. */
export const SELF_REVIEWS: ReadonlySet<string> = new Set([...REVIEWS].filter((kind) => kind.startsWith('SelfSubject')));

const AUDIENCES = ['https://kubernetes.default.svc'];

export interface ReviewParts {
  readonly api: WriteApi;
  /** Bearer token of the owner, and signing key for tokens of ServiceAccounts. */
  readonly token: string;
  readonly caller: Caller;
  /** Namespace in the URL. */
  readonly namespace: string;
}

/** Evaluates a review with the rules that also apply to requests. */
export function reviewOf(
  parts: ReviewParts,
  resource: ResourceData,
  body: JsonObject,
  writing: WriteOptions,
): Result<JsonObject, ApiStatus> {
  const { api, namespace } = parts;
  const read = readBody(api.schemas, resource, body, writing);
  if (!read.ok) return read;
  const spec = treeAt(read.value.object, 'spec');
  const answer = statusOf(parts, resource.kind, spec);
  if (!answer.ok) return answer;
  const { manager } = writing;
  const writer = writerOf(resource, { manager, subresource: '', time: api.timestamp() });
  const managedFields = encodedManagers(ownersOfNew(api.schemas, resource, { spec }, writer));
  const isTimed = resource.kind === 'SelfSubjectReview';
  return ok({
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      ...(namespace !== '' && { namespace }),
      ...(isTimed && { creationTimestamp: api.timestamp() }),
      ...(managedFields && !NOT_MANAGED.has(resource.kind) && { managedFields }),
    },
    ...(isTimed ? {} : { spec: resource.kind === 'SelfSubjectRulesReview' ? {} : spec }),
    status: answer.value,
  });
}

const NOT_MANAGED = new Set(['SelfSubjectReview', 'SelfSubjectRulesReview']);

function statusOf(parts: ReviewParts, kind: string, spec: JsonObject): Result<JsonObject, ApiStatus> {
  const { api, caller, token } = parts;
  switch (kind) {
    case 'SelfSubjectReview':
      return ok({ userInfo: userInfo(caller) });
    case 'TokenReview': {
      const given = textAt(spec, 'token');
      if (given === '') return err(badRequest('token is required for TokenReview in authentication'));
      const found = callerOf(given, token, api.store, api.clock.now());
      return ok(
        found
          ? { authenticated: true, user: userInfo(found), audiences: AUDIENCES }
          : { user: {}, error: 'invalid bearer token' },
      );
    }
    case 'SelfSubjectRulesReview':
      return textAt(spec, 'namespace') === ''
        ? err(badRequest('no namespace on request'))
        : ok(rulesStatus(parts, textAt(spec, 'namespace')));
    case 'SelfSubjectAccessReview':
      return accessStatus(parts, spec, caller);
    default: {
      const subject: Caller = { username: textAt(spec, 'user'), groups: listAt(spec, 'groups').map(String) };
      return accessStatus(parts, spec, subject, kind === 'LocalSubjectAccessReview');
    }
  }
}

const userInfo = ({ username, uid, groups }: Caller): JsonObject => ({
  username,
  ...(uid !== undefined && { uid }),
  groups: [...groups],
});

function accessStatus(
  { api, caller, namespace }: ReviewParts,
  spec: JsonObject,
  subject: Caller,
  isLocal = false,
): Result<JsonObject, ApiStatus> {
  const isResource = spec['resourceAttributes'] !== undefined;
  const isPath = spec['nonResourceAttributes'] !== undefined;
  const found = [
    ...(isResource === isPath
      ? [
          causes.invalid(
            isPath ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes',
            isPath ? spec['nonResourceAttributes'] : null,
            isPath
              ? 'cannot be specified in combination with resourceAttributes'
              : 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
          ),
        ]
      : []),
    ...(subject !== caller && subject.username === '' && subject.groups.length === 0
      ? [causes.invalid('spec.user', '', 'at least one of user or group must be specified')]
      : []),
    ...(isLocal && textAt(spec, 'resourceAttributes', 'namespace') !== namespace
      ? [
          causes.invalid(
            'spec.resourceAttributes.namespace',
            textAt(spec, 'resourceAttributes', 'namespace'),
            'must match metadata.namespace',
          ),
        ]
      : []),
  ];
  if (found.length > 0) return err(invalid({ kind: '', group: 'authorization.k8s.io' }, '', found));
  const allowed = isResource
    ? mayDo(api.store, subject, attributesIn(treeAt(spec, 'resourceAttributes')))
    : mayDo(api.store, subject, { ...NOTHING, verb: textAt(spec, 'nonResourceAttributes', 'verb') });
  return ok({ allowed });
}

const NOTHING: Attributes = { verb: '', group: '', resource: '', subresource: '', namespace: '', name: '' };

const attributesIn = (asked: JsonObject): Attributes => ({
  verb: textAt(asked, 'verb'),
  group: textAt(asked, 'group'),
  resource: textAt(asked, 'resource'),
  subresource: textAt(asked, 'subresource'),
  namespace: textAt(asked, 'namespace'),
  name: textAt(asked, 'name'),
});

/** Permissions of every user: self reviews, health checks, and discovery. */
const EVERYBODYS: readonly JsonObject[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
];
const PROBES = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const DOCUMENTS = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz'];

function rulesStatus({ api, caller }: ReviewParts, namespace: string): JsonObject {
  const { rules, isWhole } = rulesOf(api.store, caller, namespace);
  const isEverything = rules.some(({ verbs, resources }) => verbs.includes('*') && resources.includes('*'));
  return {
    resourceRules: [...rules.map((rule): JsonObject => ({ ...rule })), ...EVERYBODYS],
    nonResourceRules: [
      ...(isEverything && isWhole ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : []),
      { verbs: ['get'], nonResourceURLs: PROBES },
      { verbs: ['get'], nonResourceURLs: [...DOCUMENTS, '/version', '/version/'] },
    ],
    incomplete: !isWhole,
    ...(!isWhole && { evaluationError: 'the roles admin, edit and view of the sandbox are summarised' }),
  };
}
