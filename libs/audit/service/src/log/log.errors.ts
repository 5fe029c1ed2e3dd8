import { domainError } from '#kernel';

export const logErrors = {
  ownActionsOnly: () =>
    domainError('audit/own-actions-only', 'forbidden', 'With your role, you can list only your own actions.', {
      fix: 'omit --who, or ask an owner or admin for the right audit',
    }),
  historyLimit: (days: number, plan: string) =>
    domainError(
      'audit/history-limit',
      'limit',
      `Plan ${plan} lists the last ${days} days of the audit log. Older entries remain recorded.`,
      { fix: 'use a later --since, or compare plans: astroctl org plan list' },
    ),
  unknownPerson: (who: string) =>
    domainError('audit/unknown-person', 'not-found', `No user or service member ${who} is known here.`, {
      fix: 'use an address or ID from: astroctl org members',
    }),
  cursorInvalid: () =>
    domainError('edge/cursor-invalid', 'invalid', 'The cursor is not valid for this list.', {
      fix: 'start again without a cursor',
    }),
};
