import type { IncomingHttpHeaders } from 'node:http';
import { err, formatSeconds, ok, type Clock, type JsonObject, type Result } from '#kernel';
import type { ApiStatus } from '../controller.ts';
import { isObject, type KubeObject, type StoreReader } from '../store.ts';
import { mayDo, type Attributes } from './roles.ts';
import { causes, failure, groupResource, invalid } from './status.ts';
import { AUTHENTICATED, groupsOfAccount, makeToken, type Caller } from './tokens.ts';

const LEAST_SECONDS = 600;
const DEFAULT_SECONDS = 3_600;
const MOST_SECONDS = 4_294_967_296;

/** Returns the refusal of a request that the caller is not allowed to make; undefined if it is allowed. */
export function refusedTo(store: StoreReader, caller: Caller, wanted: Attributes): ApiStatus | undefined {
  return mayDo(store, caller, wanted) ? undefined : refusal(caller, wanted);
}

function refusal({ username }: Caller, { verb, group, resource, subresource, namespace, name }: Attributes): ApiStatus {
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `${groupResource({ plural: resource, group })}${name === '' ? '' : ` "${name}"`}`;
  const path = subresource === '' ? resource : `${resource}/${subresource}`;
  return failure(
    403,
    'Forbidden',
    `${what} is forbidden: User "${username}" cannot ${verb} resource "${path}" in API group "${group}" ${where}`,
    { ...(name !== '' && { name }), ...(group !== '' && { group }), kind: resource },
  );
}

/**
 * Returns the user whose permissions apply: the one in the `Impersonate-…` headers, if the caller is allowed to
 * impersonate it.
 * @param headers request headers
 */
export function actingCaller(
  store: StoreReader,
  caller: Caller,
  headers: IncomingHttpHeaders,
): Result<Caller, ApiStatus> {
  const username = oneOf(headers['impersonate-user']);
  const named = listOf(headers['impersonate-group']);
  const uid = oneOf(headers['impersonate-uid']);
  if (username === '') {
    if (named.length === 0 && uid === '') return ok(caller);
    const groups = `Groups:[]string{${named.map((group) => JSON.stringify(group)).join(', ')}}`;
    const user = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, ${groups}, Extra:map[string][]string(nil)}`;
    return err(failure(400, 'BadRequest', `requested ${user} without impersonating a user name`));
  }
  const given = named.length > 0 ? named : (groupsOfAccount(username) ?? []);
  const wanted: readonly (readonly [string, string])[] = [
    ['users', username],
    ...named.map((group) => ['groups', group] as const),
    ...(uid === '' ? [] : ([['uids', uid]] as const)),
  ];
  for (const [resource, name] of wanted) {
    const group = resource === 'uids' ? 'authentication.k8s.io' : '';
    const refused = refusedTo(store, caller, {
      verb: 'impersonate',
      group,
      resource,
      subresource: '',
      namespace: '',
      name,
    });
    if (refused) return err(refused);
  }
  return ok({
    username,
    groups: [...given, ...(given.includes(AUTHENTICATED) ? [] : [AUTHENTICATED])],
    ...(uid !== '' && { uid }),
  });
}

/**
 * Splits repeated headers, which Node joins with commas unless it knows the header. Names of groups contain no commas.
 */
const listOf = (header: string | string[] | undefined): string[] =>
  (header === undefined ? [] : [header].flat()).flatMap((text) => text.split(/,\s*/)).filter((text) => text !== '');
const oneOf = (header: string | string[] | undefined): string => [header ?? ''].flat()[0] ?? '';

/** Issues a token for a ServiceAccount, as its `token` endpoint does. */
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
  return ok({
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: formatSeconds(clock.now()) },
    spec: {
      audiences: Array.isArray(spec['audiences']) ? spec['audiences'] : ['https://kubernetes.default.svc'],
      expirationSeconds: seconds,
      boundObjectRef: null,
    },
    status: { token: makeToken(secret, { namespace, name, uid, endsMs }), expirationTimestamp: formatSeconds(endsMs) },
  });
}
