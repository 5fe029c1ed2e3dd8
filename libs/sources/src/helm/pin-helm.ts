import { ok } from '#kernel';
import type { HelmSource, PinSource } from '../source.ts';
import { sha256 } from './archives.ts';
import { fetchArchive, openRepository } from './open-repository.ts';

/**
 * Finds the version that helm would install, and the digest of its archive. The archive is downloaded only if its
 * repository does not state the digest.
 */
export const pinHelm: PinSource<HelmSource> = async ({ repository: address, chart, version }, context) => {
  const repository = openRepository(address, context);
  if (!repository.ok) return repository;
  const found = await repository.value.find(chart, version);
  if (!found.ok) return found;
  if (found.value.digest !== undefined)
    return ok({ type: 'helm', version: found.value.version, digest: found.value.digest });
  const archive = await fetchArchive(repository.value, chart, found.value);
  return archive.ok ? ok({ type: 'helm', version: found.value.version, digest: sha256(archive.value) }) : archive;
};
