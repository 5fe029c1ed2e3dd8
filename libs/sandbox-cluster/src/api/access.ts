import { err, ok, type Clock, type JsonObject, type Result } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { isObject, type KubeObject, type StoreReader } from '../store.ts';
import { causes, failure, groupResource, invalid } from './status.ts';
import { makeToken, mayDo, type Caller } from './tokens.ts';

const LEAST_SECONDS = 600;
const DEFAULT_SECONDS = 3_600;
const MOST_SECONDS = 4_294_967_296;

const userName = (caller: Caller): string =>
  caller.kind === 'account' ? `system:serviceaccount:${caller.namespace}:${caller.name}` : 'owner';

/** The refusal of what a caller may not do; undefined when it may. */
export function refusedTo(
  store: StoreReader,
  caller: Caller,
  {
    verb,
    resource,
    namespace,
    name,
  }: {
    readonly verb: string;
    readonly resource: ResourceData;
    readonly namespace: string;
    readonly name: string | undefined;
  },
): ApiStatus | undefined {
  if (mayDo(store, caller, verb, groupResource(resource), namespace)) return undefined;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `${groupResource(resource)}${name === undefined ? '' : ` "${name}"`}`;
  return failure(
    403,
    'Forbidden',
    `${what} is forbidden: User "${userName(caller)}" cannot ${verb} resource "${resource.plural}" in API group "${resource.group}" ${where}`,
    {
      ...(name !== undefined && { name }),
      ...(resource.group !== '' && { group: resource.group }),
      kind: resource.plural,
    },
  );
}

/** Answers a SelfSubjectAccessReview and its siblings by the same rules that requests meet. */
export function reviewOf(store: StoreReader, caller: Caller, resource: ResourceData, object: JsonObject): JsonObject {
  const spec = isObject(object['spec']) ? object['spec'] : {};
  const identity = { kind: resource.kind, apiVersion: `${resource.group}/${resource.version}`, metadata: {} };
  if (resource.kind === 'SelfSubjectReview')
    return { ...identity, status: { userInfo: { username: userName(caller), groups: ['system:authenticated'] } } };
  const wanted = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  const word = (name: string): string => (typeof wanted[name] === 'string' ? wanted[name] : '');
  const allowed = mayDo(
    store,
    caller,
    word('verb') === '*' ? 'delete' : word('verb'),
    word('resource'),
    word('namespace'),
  );
  return { ...identity, spec, status: { allowed, ...(allowed && { reason: 'sandbox' }) } };
}

/** A token for a ServiceAccount, as its `token` endpoint gives one. */
export function tokenFor(
  { metadata: { namespace = '', name, uid } }: KubeObject,
  body: JsonObject,
  { clock, secret }: { readonly clock: Clock; readonly secret: string },
): Result<JsonObject, ApiStatus> {
  const spec = isObject(body['spec']) ? body['spec'] : {};
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : DEFAULT_SECONDS;
  const refuse = (why: string) =>
    err(
      invalid({ kind: 'TokenRequest', group: 'authentication.k8s.io' }, '', [
        causes.invalid('spec.expirationSeconds', seconds, why),
      ]),
    );
  if (seconds < LEAST_SECONDS) return refuse('may not specify a duration less than 10 minutes');
  if (seconds > MOST_SECONDS) return refuse('may not specify a duration larger than 2^32 seconds');
  const endsMs = clock.now() + seconds * 1_000;
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  return ok({
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: time(clock.now()) },
    spec: {
      audiences: Array.isArray(spec['audiences']) ? spec['audiences'] : ['https://kubernetes.default.svc'],
      expirationSeconds: seconds,
      boundObjectRef: null,
    },
    status: { token: makeToken(secret, { namespace, name, uid, endsMs }), expirationTimestamp: time(endsMs) },
  });
}
