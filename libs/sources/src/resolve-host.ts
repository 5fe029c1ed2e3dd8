import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { err, ok, withTimeout, type DomainError, type Result } from '#kernel';
import type { SourceContext } from './source.ts';
import { sourceErrors } from './source-errors.ts';

/** A host with the addresses that may be contacted. */
export interface ResolvedHost {
  /** As in the URL, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** At least one, and all were checked. Connect to these, and do not resolve the name again. */
  readonly addresses: readonly string[];
}

const RESOLVE_TIMEOUT_MS = 10_000;

/**
 * Resolves a host once, and checks every address that it has.
 *
 * @param host name or address, IPv6 without brackets
 * @returns the addresses; the refusal of the first address that may not be contacted; `sources/unreachable` if the name
 *   has no address
 */
export async function resolveChecked(
  host: string,
  port: number,
  context: Pick<SourceContext, 'egress' | 'clock' | 'resolve'>,
): Promise<Result<ResolvedHost, DomainError>> {
  const addresses = await withTimeout(
    context.clock,
    RESOLVE_TIMEOUT_MS,
    (context.resolve ?? systemAddresses)(host).catch(() => []),
    () => [],
  );
  if (addresses.length === 0) return err(sourceErrors.unreachable(host, `The name ${host} cannot be resolved.`));
  for (const address of addresses) {
    const refusal = context.egress.refusal({ host, address, port });
    if (refusal) return err(refusal);
  }
  return ok({ host, port, addresses });
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
