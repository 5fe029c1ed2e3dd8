import type { KeyOrganization, LoginFlow } from '#cli';

/** The login that commands run by themselves; the OIDC client is loaded only then. */
export const interactiveLogin: LoginFlow = async (session) =>
  (await import('./device-login.cli.ts')).interactiveLogin(session);

/** Whose the key in the environment is; contracts are loaded only then. */
export const keyOrganization: KeyOrganization = async (session) =>
  (await import('./key-organization.cli.ts')).keyOrganization(session);
