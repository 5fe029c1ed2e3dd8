import { domainError } from '#kernel';

/** Errors of callers who may read only a part of the audit log, or not export it. */
export const readerErrors = {
  wholeLogOnly: () =>
    domainError(
      'audit/whole-log-only',
      'forbidden',
      'Editors can list their own actions only. Proofs, exports, and replays need an owner, an admin, or the right audit.',
      { fix: 'list your own actions (astroctl audit list), or ask an owner or admin: astroctl org members' },
    ),
  exportNotPermitted: () =>
    domainError(
      'audit/export-not-permitted',
      'forbidden',
      'With this plan, owners and members with the right audit can export the audit log.',
      { fix: 'ask an owner, or list the entries instead: astroctl audit list' },
    ),
};
