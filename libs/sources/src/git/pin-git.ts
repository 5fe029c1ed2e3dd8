import { err, ok, type DomainError, type Result } from '#kernel';
import type { GitSource, PinSource, SourcePin } from '../source.ts';
import { gitErrors } from './git-errors.ts';
import { parseRevision, type GitRevision } from './git-revision.ts';
import { withGit, type GitSession } from './git-session.ts';
import { parseGitUrl } from './git-url.ts';

type GitPin = SourcePin & { readonly type: 'git' };

/**
 * Finds the commit of a branch or tag, or of the default branch. A full commit id is not looked up: whether the
 * repository has it is found out when it is fetched.
 */
export const pinGit: PinSource<GitSource> = async (source, context) => {
  const remote = parseGitUrl(source.url);
  if (!remote.ok) return remote;
  const revision = parseRevision(source.revision);
  if (!revision.ok) return revision;
  const wanted = revision.value;
  if (wanted.type === 'commit') return ok({ type: 'git', commit: wanted.id });
  return withGit(remote.value, context, (git) => lookUp(git, wanted));
};

async function lookUp(
  git: GitSession,
  revision: Exclude<GitRevision, { readonly type: 'commit' }>,
): Promise<Result<GitPin, DomainError>> {
  // The patterns are whole names of refs, for which the server is asked; `^{}` is the commit of an annotated tag.
  const patterns = revision.type === 'default' ? ['HEAD'] : revision.refs.flatMap((ref) => [ref, `${ref}^{}`]);
  const listed = await git.contact(['ls-remote', '--symref', '--', git.url, ...patterns]);
  if (!listed.ok) return listed;
  const { ids, targets } = parseRefs(listed.value.toString('utf8'));
  if (revision.type === 'default') {
    const commit = ids.get('HEAD');
    const ref = targets.get('HEAD');
    if (commit === undefined) return err(gitErrors.repositoryEmpty(git.remote.shown));
    return ok({ type: 'git', commit, ...(ref !== undefined && { ref }) });
  }
  const [ref, other] = revision.refs.filter((name) => ids.has(name));
  if (ref === undefined) return err(gitErrors.revisionUnknown(revision.name, git.remote.shown));
  if (other !== undefined) return err(gitErrors.revisionAmbiguous(revision.name));
  const commit = ids.get(`${ref}^{}`) ?? ids.get(ref);
  return commit === undefined
    ? err(gitErrors.revisionUnknown(revision.name, git.remote.shown))
    : ok({ type: 'git', commit, ref });
}

/** Parses the output of `git ls-remote --symref`: the ids of refs, and the refs that symbolic refs name. */
function parseRefs(text: string): {
  readonly ids: ReadonlyMap<string, string>;
  readonly targets: ReadonlyMap<string, string>;
} {
  const ids = new Map<string, string>();
  const targets = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, target, symbolic] = /^ref: (refs\/[^\t]+)\t(.+)$/.exec(line) ?? [];
    if (target !== undefined && symbolic !== undefined) targets.set(symbolic, target);
    const [, id, name] = /^([0-9a-f]{40}|[0-9a-f]{64})\t(.+)$/.exec(line) ?? [];
    if (id !== undefined && name !== undefined) ids.set(name, id);
  }
  return { ids, targets };
}
