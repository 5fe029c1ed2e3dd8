import { err, ok, type DomainError, type Result } from '#kernel';
import { gitErrors } from './git-errors.ts';

/** What a revision names. */
export type GitRevision =
  | { readonly type: 'default' }
  | { readonly type: 'commit'; readonly id: string }
  /** Full names of the refs of which one must exist. */
  | { readonly type: 'refs'; readonly name: string; readonly refs: readonly string[] };

const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/i;
const MAX_LENGTH = 250;
/** Stricter than `git check-ref-format`: no name begins like an option, and none has a pattern in it. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.+=@#%,-]*(\/[\p{L}\p{N}_][\p{L}\p{N}_.+=@#%,-]*)*$/u;
const FORBIDDEN = /\.\.|\.(\/|$)|\.lock(\/|$)/;

/** Parses a revision. Allows branches, tags, and full commit ids, but no other refs and no expressions of git. */
export function parseRevision(revision: string | undefined): Result<GitRevision, DomainError> {
  if (revision === undefined || revision === 'HEAD') return ok({ type: 'default' });
  if (COMMIT.test(revision)) return ok({ type: 'commit', id: revision.toLowerCase() });
  const isRefName = revision.length <= MAX_LENGTH && NAME.test(revision) && !FORBIDDEN.test(revision);
  if (!isRefName) return err(gitErrors.revisionInvalid());
  if (/^refs\/(heads|tags)\/./.test(revision)) return ok({ type: 'refs', name: revision, refs: [revision] });
  if (revision.startsWith('refs/')) return err(gitErrors.revisionInvalid());
  return ok({ type: 'refs', name: revision, refs: [`refs/heads/${revision}`, `refs/tags/${revision}`] });
}

/** Returns whether a text is a full commit id, as pins contain it. */
export const isCommitId = (text: string): boolean => COMMIT.test(text);
