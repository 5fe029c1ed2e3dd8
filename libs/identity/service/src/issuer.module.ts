import { relative } from 'node:path';
import process from 'node:process';
import { IDENTITY_CONFIG, type IdentityConfig } from '#identity/contract';
import { BUILT_IN_ISSUER, createIssuer, type BuiltInIssuer } from '#identity/issuer';
import { CLOCK, IDS, LOGGER, VERSION, type Clock, type Ids, type Logger } from '#kernel';
import { SERVICE_SETTINGS, StartError, type ServiceSettings } from '#runtime';
import { VAULT, type Vault } from '#vault';
import type { FactoryProvider, INestApplicationContext } from '@nestjs/common';

/** Provides the built-in issuer with the account of its admin, unless the settings specify an external one. */
const builtInIssuer: FactoryProvider<BuiltInIssuer | null> = {
  provide: BUILT_IN_ISSUER,
  inject: [SERVICE_SETTINGS, VAULT, CLOCK, IDS, LOGGER],
  async useFactory(
    { configuration, dataFolder, publicUrl, profile }: ServiceSettings,
    vault: Vault,
    clock: Clock,
    ids: Ids,
    logger: Logger,
  ) {
    const { oidc, adminEmail, adminPassword } = configuration;
    if (oidc.kind === 'external') return null;
    if (profile === 'distributed' && configuration.publicUrl === undefined)
      throw new StartError(
        'ASTRO_PUBLIC_URL must be the address where people reach the platform: the built-in issuer is below /oidc of it.',
      );
    const issuer = await createIssuer({ vault, clock, ids, logger, publicUrl });
    const admin = await issuer.ensureAdmin({
      email: adminEmail,
      ...(adminPassword !== undefined && { password: adminPassword }),
      dataFolder,
    });
    return { issuer, admin };
  },
};

/** Scopes that logins request from the built-in issuer. */
const SCOPE = 'openid profile email offline_access';

const identityConfig: FactoryProvider<IdentityConfig> = {
  provide: IDENTITY_CONFIG,
  inject: [SERVICE_SETTINGS, BUILT_IN_ISSUER],
  useFactory({ configuration, publicUrl, profile }: ServiceSettings, builtIn: BuiltInIssuer | null) {
    const { oidc, contact, adminEmail } = configuration;
    const platform = { version: VERSION, publicUrl, contact, profile };
    if (oidc.kind === 'external') {
      const { consoleClientSecret: _, ...logins } = oidc; // only the gateway needs it
      return { ...platform, ...logins };
    }
    if (!builtIn) throw new Error('the built-in issuer was not created');
    const { issuer, audience, cliClientId, consoleClientId } = builtIn.issuer;
    const logins = { issuer, audience, cliClientId, consoleClientId, scope: SCOPE, resource: audience };
    return { ...platform, ...logins, adminEmails: [adminEmail] };
  },
};

/** Providers that identity creates from the settings of its process. */
export const issuerProviders = [builtInIssuer, identityConfig];

/** Returns the lines that tell the person who started the process how to log in as admin. */
export function adminGreeting(app: INestApplicationContext): readonly string[] {
  const builtIn = app.get<BuiltInIssuer | null>(BUILT_IN_ISSUER);
  if (!builtIn) return [];
  const { email, password, passwordFile } = builtIn.admin;
  const file = relative(process.cwd(), passwordFile) || passwordFile;
  return [
    `  Login    ${email}`,
    password === undefined
      ? `  Password unchanged; set a new one: npm run admin:password`
      : `  Password ${password}   (also in ${file} until it is changed)`,
  ];
}
