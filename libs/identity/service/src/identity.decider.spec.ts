import { position, type Actor } from '#kernel';
import { specify } from '#testing';
import { adminsDecider, type AdminsEvent } from './admins/admins.decider.ts';
import { usersProjection, type UserDocument } from './overview/users.projection.ts';
import { subjectDecider } from './users/subject.decider.ts';
import { userDecider } from './users/user.decider.ts';
import type { UserEvent } from './users/user.events.ts';

const root: Actor = { id: 'root', kind: 'person', isGlobalAdmin: true };
const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const platform: Actor = { id: 'system:identity', kind: 'system', isGlobalAdmin: false };
const granted = (userId: string): AdminsEvent => ({ type: 'global-admin.granted.v1', data: { userId } });
const withdrawn = (userId: string): AdminsEvent => ({ type: 'global-admin.withdrawn.v1', data: { userId } });

describe('global admins', () => {
  const { given } = specify(adminsDecider);
  it('are appointed by the platform at a first login, and by other admins', () => {
    given().when({ type: 'grant-admin', userId: 'root' }, platform).thenRecorded(granted('root'));
    given(granted('root')).when({ type: 'grant-admin', userId: 'ada' }, root).thenRecorded(granted('ada'));
    given(granted('root')).when({ type: 'grant-admin', userId: 'root' }, root).thenNothingRecorded();
  });
  it('A10: cannot be appointed by anybody else', () =>
    given(granted('root'))
      .when({ type: 'grant-admin', userId: 'ada' }, ada)
      .thenRejected({ code: 'identity/not-admin', kind: 'forbidden' }));
  it('A25: cannot act after they were demoted', () =>
    given(granted('root'), granted('ada'), withdrawn('root'))
      .when({ type: 'withdraw-admin', userId: 'ada' }, root)
      .thenRejected({ kind: 'forbidden' }));
  it('A23: cannot act with a key', () =>
    given(granted('root'))
      .when({ type: 'grant-admin', userId: 'ada' }, { ...root, key: { id: 'key_1', role: 'owner' } })
      .thenRejected({ code: 'key/login-required' }));
  it('A8: include at least one', () =>
    given(granted('root'))
      .when({ type: 'withdraw-admin', userId: 'root' }, root)
      .thenRejected({ code: 'identity/last-admin', kind: 'conflict' }));
});

describe('a user', () => {
  const { given } = specify(userDecider);
  const registered: UserEvent = { type: 'user.registered.v1', data: { globalRole: 'developer' } };
  it('is registered once', () => {
    given().when({ type: 'register', globalRole: 'developer' }, platform).thenRecorded(registered);
    given(registered).when({ type: 'register', globalRole: 'admin' }, platform).thenNothingRecorded();
  });
  it('changes the role once', () => {
    given(registered)
      .when({ type: 'set-global-role', globalRole: 'admin' }, root)
      .thenRecorded({ type: 'user.global-role-set.v1', data: { globalRole: 'admin' } });
    given(registered).when({ type: 'set-global-role', globalRole: 'developer' }, root).thenNothingRecorded();
  });
  it('is rejected after erasure', () =>
    given(registered, { type: 'user.erased.v1', data: {} })
      .when({ type: 'register', globalRole: 'developer' }, platform)
      .thenRejected({ code: 'identity/erased', kind: 'unauthenticated' }));

  it('is listed without name or address', () => {
    const metadata = {
      id: 'e',
      stream: 'user-0193-ada',
      revision: 0,
      position: position('teststore', 1),
      recordedAt: '2026-01-01T00:00:00.000Z',
      actor: 'system:identity',
      commandId: 'c',
      correlationId: 'r',
      causationId: 'c',
    };
    const nothing: UserDocument | undefined = undefined;
    const first = usersProjection.apply(nothing, { event: registered, metadata });
    expect(first).toEqual({ globalRole: 'developer', state: 'ACTIVE', registeredAt: '2026-01-01T00:00:00.000Z' });
    expect(usersProjection.documentId({ event: registered, metadata })).toBe('0193-ada');
    expect(
      usersProjection.apply(first as never, { event: { type: 'user.erased.v1', data: {} }, metadata }),
    ).toMatchObject({ state: 'ERASED', globalRole: 'developer' });
  });
});

describe('the subject of a token', () => {
  it('belongs to the first user who claims it', () => {
    const { given } = specify(subjectDecider);
    given()
      .when({ type: 'claim-subject', userId: 'one' }, platform)
      .thenRecorded({ type: 'subject.claimed.v1', data: { userId: 'one' } });
    given({ type: 'subject.claimed.v1', data: { userId: 'one' } })
      .when({ type: 'claim-subject', userId: 'two' }, platform)
      .thenNothingRecorded();
  });
});
