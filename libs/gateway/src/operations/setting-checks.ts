import { hostFromUrl, isLoopback } from '#egress';
import type { ServiceSettings } from '#runtime';
import type { CheckResult } from '#runtime/contract';

/** Checks the settings of the gateway that no start refuses. */
export const settingChecks = (
  settings: Pick<ServiceSettings, 'configuration' | 'host' | 'publicUrl'>,
): CheckResult[] => [publicUrlCheck(settings), contactCheck(settings)];

function publicUrlCheck({
  configuration,
  host,
  publicUrl,
}: Pick<ServiceSettings, 'configuration' | 'host' | 'publicUrl'>): CheckResult {
  const name = 'public address';
  const fix = 'set ASTRO_PUBLIC_URL to the https address where people reach the platform';
  if (configuration.publicUrl === undefined && !isLocal(host))
    return {
      name,
      status: 'warn',
      message: `The platform listens on ${host}, but its links and its issuer use ${publicUrl}.`,
      fix,
    };
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'http:' && !isLocal(hostFromUrl(hostname)))
    return { name, status: 'warn', message: `${publicUrl} sends keys and tokens without encryption.`, fix };
  return { name, status: 'ok', message: `The public address is ${publicUrl}.`, fix: null };
}

function contactCheck({ configuration: { contact } }: Pick<ServiceSettings, 'configuration'>): CheckResult {
  const name = 'contact';
  return contact.endsWith('@astro.localhost')
    ? {
        name,
        status: 'warn',
        message: 'No contact is set: errors tell people to ask an address that receives no mail.',
        fix: 'set ASTRO_CONTACT to an e-mail address or a URL',
      }
    : { name, status: 'ok', message: 'A contact for people is set.', fix: null };
}

const isLocal = (host: string): boolean => host === 'localhost' || isLoopback(host);
