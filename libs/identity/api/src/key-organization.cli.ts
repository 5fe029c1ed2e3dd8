import { ENVIRONMENT_KEY, EXIT_CODES, localError, type KeyOrganization, type PersonOf } from '#cli';
import { meRequest } from '#identity/contract';

/** Requests the user that a credential acts for. */
export const personOf: PersonOf = async (session, credential) => {
  const me = await session.call(meRequest, {}, { credential });
  return me.ok ? { userId: me.value.userId, name: me.value.email ?? me.value.userId } : me.failure;
};

/** Requests the organization of the key in the environment. */
export const keyOrganization: KeyOrganization = async (session) => {
  const me = await session.call(meRequest, {});
  if (!me.ok) return me.failure;
  const { orgId, organization } = me.value;
  return orgId === null || organization === null
    ? localError(
        EXIT_CODES.unauthenticated,
        `The key in ${ENVIRONMENT_KEY} does not belong to an organization.`,
        'astroctl auth login',
      )
    : { id: orgId, slug: organization };
};
