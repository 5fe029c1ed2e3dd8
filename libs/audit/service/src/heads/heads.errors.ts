import { domainError } from '#kernel';

export const headErrors = {
  noHead: () =>
    domainError(
      'audit/no-head',
      'not-found',
      'No head of this audit log is signed yet. The first one is signed within a minute.',
      {
        fix: 'try again in a minute: astroctl audit head',
      },
    ),
  noEvent: (position: string) =>
    domainError('audit/no-such-event', 'not-found', `The organization has no event at position ${position}.`, {
      fix: 'astroctl audit export',
    }),
  notInHead: (position: string) =>
    domainError(
      'audit/not-in-head',
      'conflict',
      `The event at position ${position} is newer than the newest signed head. Heads are signed once a minute.`,
      { fix: `try again in a minute: astroctl audit prove ${position}` },
    ),
  sizeUnknown: (size: number, newest: number) =>
    domainError(
      'audit/size-unknown',
      'invalid',
      `The newest signed head has ${newest} events, and so nothing can be proved about ${size}.`,
      { fix: 'astroctl audit head' },
    ),
  tooLong: (events: number) =>
    domainError(
      'audit/too-long-to-verify',
      'unavailable',
      `The log is too long to be verified within one request: ${events} events were whole.`,
      { fix: 'astroctl audit export > events.jsonl, then astroctl audit verify --file events.jsonl' },
    ),
};
