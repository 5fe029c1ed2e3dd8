import { SECRETS_BYTES, SECRETS_PER_APPLICATION } from '#deployments/contract';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { aConfiguration } from '../testing/facts.ts';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent, SecretSet } from './application.events.ts';
import { evolveApplication, noApplication } from './application.ts';
import { secretRefs, settingOf } from './change-secrets.ts';
import { ADMIN } from './protection.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const { given } = specify(applicationDecider);
const secret = (key: string, version: number, fingerprint = `f${version}`, bytes = 10): SecretSet => ({
  key,
  version,
  fingerprint,
  bytes,
});
const secretsSet = (...secrets: readonly SecretSet[]): ApplicationEvent => ({
  type: 'application.secrets-set.v1',
  data: { secrets },
});
const unset = (key: string): ApplicationEvent => ({ type: 'application.secret-unset.v1', data: { key } });
const configured = (revision: number, configuration = aConfiguration): ApplicationEvent => ({
  type: 'application.configured.v1',
  data: { ...configuration, revision },
});
const requested = (number: number, revision: number): ApplicationEvent => ({
  type: 'deployment.requested.v1',
  data: { attemptId: `t${number}`, number, revision, kind: 'deploy', orphan: false, cause: 'apply' },
});
const succeeded: ApplicationEvent = {
  type: 'deployment.succeeded.v1',
  data: { attemptId: 't1', number: 1, revision: 1, message: 'ready', endpoint: null, replicas: '1/1' },
};
const running = [configured(1), requested(1, 1), succeeded];
const change = {
  type: 'change-secrets',
  name: 'web',
  change: { set: [secret('TOKEN', 1)], unset: [] as string[] },
  present: 1,
  attemptId: 't2',
  running: [] as string[],
  protection: ADMIN,
} as const;
const rotated = { ...aConfiguration, contentDigest: 'x2', secrets: { TOKEN: { version: 2, fingerprint: 'f2' } } };

describe('secrets of an application', () => {
  it('are recorded without a revision if the present one does not use them', () =>
    given(...running)
      .when(change, ada)
      .thenRecorded(secretsSet(secret('TOKEN', 1))));

  it('can be set before the first revision', () =>
    given()
      .when({ ...change, present: 0 }, ada)
      .thenRecorded(secretsSet(secret('TOKEN', 1))));

  it('are deployed as a new revision if the present one uses them', () =>
    given(secretsSet(secret('TOKEN', 1)), ...running)
      .when({ ...change, change: { set: [secret('TOKEN', 2)], unset: [] }, configuration: rotated }, ada)
      .thenRecorded(secretsSet(secret('TOKEN', 2)), configured(2, rotated), requested(2, 2)));

  it('are recorded as a revision that is not deployed while the application is paused', () =>
    given(secretsSet(secret('TOKEN', 1)), ...running, { type: 'application.paused.v1', data: {} })
      .when({ ...change, change: { set: [secret('TOKEN', 2)], unset: [] }, configuration: rotated }, ada)
      .thenRecorded(secretsSet(secret('TOKEN', 2)), configured(2, rotated)));

  it('are removed once', () => {
    const removal = { ...change, change: { set: [], unset: ['TOKEN'] } };
    given(secretsSet(secret('TOKEN', 1)), ...running)
      .when(removal, ada)
      .thenRecorded(unset('TOKEN'));
    given(secretsSet(secret('TOKEN', 1)), ...running, unset('TOKEN'))
      .when(removal, ada)
      .thenNothingRecorded();
  });

  it('are planned again if the application or the secret has changed since', () => {
    given(...running, configured(2))
      .when(change, ada)
      .thenRejected({ code: 'deployments/contended' });
    given(secretsSet(secret('TOKEN', 1)), ...running)
      .when(change, ada)
      .thenRejected({ code: 'deployments/contended' });
  });

  it('are limited in number and size', () => {
    const many = Array.from({ length: SECRETS_PER_APPLICATION }, (_, index) => secret(`KEY_${index}`, 1));
    given(secretsSet(...many), ...running)
      .when(change, ada)
      .thenRejected({ code: 'deployments/secret-limit' });
    given(secretsSet(secret('LARGE', 1, 'f', SECRETS_BYTES)), ...running)
      .when(change, ada)
      .thenRejected({ code: 'deployments/secret-limit' });
  });

  it('cannot be changed by an editor on a protected profile, in another revision, or after the deletion', () => {
    given(...running)
      .when({ ...change, protection: { isAdmin: false, profiles: new Map([['p1', true]]), neighbors: [] } }, ada)
      .thenRejected({ code: 'access/protected-profile' });
    given(...running)
      .when({ ...change, ifMatch: 2 }, ada)
      .thenRejected({ code: 'edge/precondition-failed' });
    given(...running, { type: 'application.deletion-requested.v1', data: { orphan: false } })
      .when(change, ada)
      .thenRejected({ code: 'deployments/being-deleted' });
    given(...running, { type: 'application.deleted.v1', data: {} })
      .when(change, ada)
      .thenRejected({ code: 'deployments/application-not-found' });
  });
});

describe('setting secrets', () => {
  const after = (...events: readonly ApplicationEvent[]) => events.reduce(evolveApplication, noApplication);
  const wanted = (fingerprint: string) => [{ key: 'TOKEN', fingerprint, bytes: 10 }];

  it('changes nothing for a value that is set already', () =>
    expect(settingOf(after(secretsSet(secret('TOKEN', 1))), wanted('f1'))).toEqual({ set: [], unset: [] }));

  it('never uses a version again, even after a removal', () =>
    expect(settingOf(after(secretsSet(secret('TOKEN', 1)), unset('TOKEN')), wanted('f1'))).toEqual({
      set: [secret('TOKEN', 2, 'f1')],
      unset: [],
    }));

  it('stores each value in a record of its own', () => {
    const owner = { organizationId: 'o1', applicationId: 'a1' };
    expect(secretRefs(owner, after(secretsSet(secret('TOKEN', 3))))).toEqual({
      TOKEN: { version: 3, fingerprint: 'f3', record: 'secret/o1/a1/TOKEN/f3' },
    });
  });
});
