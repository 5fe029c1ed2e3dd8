import { ok, type Decider, type EventFamily, type Fact } from '#kernel';

/**
 * Assigns a user to a token's subject. Stream: `subjects-<HMAC of issuer and subject>`. The first claim holds until its
 * user is erased, so that simultaneous first logins register one user.
 */
export type SubjectEvent = Fact<'subject.claimed.v1', { readonly userId: string }>;

export interface Subject {
  readonly userId: string | undefined;
}

const subjectEvents: EventFamily<SubjectEvent> = { categories: ['subjects'], types: { 'subject.claimed.v1': true } };

export const subjectDecider: Decider<
  Subject,
  {
    readonly type: 'claim-subject';
    readonly userId: string;
    /** The erased user that the new one replaces. */
    readonly replacing?: string;
  },
  SubjectEvent,
  never
> = {
  events: subjectEvents,
  initialState: { userId: undefined },
  evolve: (_state, event) => ({ userId: event.data.userId }),
  decide: ({ userId, replacing }, state) =>
    ok(state.userId === replacing ? [{ type: 'subject.claimed.v1', data: { userId } }] : []),
};
