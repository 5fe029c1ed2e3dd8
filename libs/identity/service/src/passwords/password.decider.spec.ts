import type { Actor } from '#kernel';
import { specify } from '#testing';
import { passwordDecider, type PasswordEvent } from './password.decider.ts';

const admin: Actor = { id: 'root', kind: 'person', isGlobalAdmin: true };
const page: Actor = { id: 'system:identity', kind: 'system', isGlobalAdmin: false };
const DAY_MS = 86_400_000;
const expiresAt = new Date(DAY_MS).toISOString();
const created = (tokenDigest: string): PasswordEvent => ({
  type: 'password-link.created.v1',
  data: { tokenDigest, expiresAt },
});
const used = (tokenDigest: string): PasswordEvent => ({ type: 'password-link.used.v1', data: { tokenDigest } });
const use = (tokenDigest: string, nowMs = 0) => ({ type: 'use-link', tokenDigest, nowMs }) as const;
const { given } = specify(passwordDecider);

describe('a password link', () => {
  it('is created, and replaces an earlier one', () => {
    given().when({ type: 'create-link', tokenDigest: 'one', expiresAt }, admin).thenRecorded(created('one'));
    given(created('one'), created('two')).when(use('one'), page).thenRejected({ code: 'identity/no-such-link' });
    given(created('one'), created('two')).when(use('two'), page).thenRecorded(used('two'));
  });
  it('works once', () =>
    given(created('one'), used('one')).when(use('one'), page).thenRejected({ code: 'identity/link-used' }));
  it('works until the millisecond of its expiry', () => {
    given(created('one'))
      .when(use('one', DAY_MS - 1), page)
      .thenRecorded(used('one'));
    given(created('one')).when(use('one', DAY_MS), page).thenRejected({ code: 'identity/link-expired' });
  });
  it('is rejected if it was never created', () =>
    given().when(use('one'), page).thenRejected({ code: 'identity/no-such-link', kind: 'not-found' }));
});
