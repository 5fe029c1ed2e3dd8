import type { KeyOrganization, LoginFlow, PersonOf } from '#cli';

/** The login that commands run by themselves; the OIDC client is loaded only then. */
export const interactiveLogin: LoginFlow = async (session) =>
  (await import('./device-login.cli.ts')).interactiveLogin(session);

/** Who a credential acts for; contracts are loaded only then. */
export const personOf: PersonOf = async (session, credential) =>
  (await import('./key-organization.cli.ts')).personOf(session, credential);

/** Whose the key in the environment is; contracts are loaded only then. */
export const keyOrganization: KeyOrganization = async (session) =>
  (await import('./key-organization.cli.ts')).keyOrganization(session);
