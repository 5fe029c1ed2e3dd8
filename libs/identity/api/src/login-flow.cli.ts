import type { KeyOrganization, LoginFlow, PersonOf } from '#cli';

/** Runs the device login of a command. Loads the OIDC client only now. */
export const interactiveLogin: LoginFlow = async (session) =>
  (await import('./device-login.cli.ts')).interactiveLogin(session);

/** Returns the user that a credential acts for. Loads the contracts only now. */
export const personOf: PersonOf = async (session, credential) =>
  (await import('./key-organization.cli.ts')).personOf(session, credential);

/** Returns the organization of the key in the environment. Loads the contracts only now. */
export const keyOrganization: KeyOrganization = async (session) =>
  (await import('./key-organization.cli.ts')).keyOrganization(session);
