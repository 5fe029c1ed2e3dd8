import {
  deleteCredentialRequest,
  getRecordRequest,
  listCredentialsRequest,
  setCredentialRequest,
} from '#deployments/contract';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { decodeText } from '#vault';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { credentialsDecider, type CredentialEvent, type StoredCredential } from './credentials.decider.ts';
import { CredentialRecordsSweep } from './credential-records.sweep.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const stored = (more: Partial<StoredCredential> = {}): StoredCredential => ({
  host: 'git.acme.dev',
  kind: 'git',
  record: 'host-credential/org-1/1',
  fingerprint: 'f1',
  certificateAuthority: false,
  knownHosts: false,
  at: '2026-11-24T12:00:00.000Z',
  ...more,
});
const setOf = (credential = stored()): CredentialEvent => ({ type: 'credential.set.v1', data: credential });
const deleted = (kind: 'git' | 'registry'): CredentialEvent => ({
  type: 'credential.deleted.v1',
  data: { host: 'git.acme.dev', kind },
});
const { given } = specify(credentialsDecider);

describe('the credential of a host', () => {
  it('is recorded, replaced by other content, and kept with the same content', () => {
    given().when({ type: 'set', credential: stored() }, ada).thenRecorded(setOf());
    given(setOf())
      .when({ type: 'set', credential: stored({ at: '2026-11-25T12:00:00.000Z' }) }, ada)
      .thenNothingRecorded();
    const other = stored({ record: 'host-credential/org-1/2' });
    given(setOf()).when({ type: 'set', credential: other }, ada).thenRecorded(setOf(other));
  });

  it('is deleted for one kind or for all of the host', () => {
    const registry = stored({ kind: 'registry' });
    given(setOf(), setOf(registry))
      .when({ type: 'delete', host: 'git.acme.dev', kind: 'registry' }, ada)
      .thenRecorded(deleted('registry'));
    given(setOf(), setOf(registry))
      .when({ type: 'delete', host: 'git.acme.dev', kind: undefined }, ada)
      .thenRecorded(deleted('git'), deleted('registry'));
    given(setOf(), deleted('git'))
      .when({ type: 'delete', host: 'git.acme.dev', kind: undefined }, ada)
      .thenRejected({ code: 'deployments/credential-not-found', kind: 'not-found' });
  });

  it('is refused beyond the limit, but can be replaced at the limit', () => {
    const many = Array.from({ length: 100 }, (_, at) => setOf(stored({ host: `git-${at}.acme.dev` })));
    given(...many)
      .when({ type: 'set', credential: stored() }, ada)
      .thenRejected({ code: 'deployments/credential-limit', kind: 'limit' });
    const first = stored({ host: 'git-0.acme.dev', record: 'host-credential/org-1/2' });
    given(...many)
      .when({ type: 'set', credential: first }, ada)
      .thenRecorded(setOf(first));
  });
});

describe('credentials of an organization', () => {
  const acme = givenPlatform({ profiles: {} });
  const set = (input: object) =>
    acme.platform.ask(
      setCredentialRequest,
      { org: ORG, host: 'git.acme.dev', kind: 'git', ...input } as Parameters<
        typeof setCredentialRequest.input.parse
      >[0] & {
        org: string;
        host: string;
        kind: 'git';
      },
      acme.by('ada'),
    );
  const list = () => acme.platform.ask(listCredentialsRequest, { org: ORG }, acme.by('ada'));
  const recordOf = async (): Promise<string> => {
    const events: unknown[] = [];
    for await (const event of acme.platform.engines.eventStore.readAll())
      if (event.type === 'credential.set.v1') events.push(event.data);
    return (events.at(-1) as StoredCredential).record;
  };

  it('D4: are listed with fingerprints, and neither events nor replies contain the secret', async () => {
    expect(await set({ user: 'deploy', secret: 'hunter2-canary' })).toMatchObject({
      ok: true,
      value: { outcome: 'configured', credential: { host: 'git.acme.dev', user: 'deploy' } },
    });
    expect(await set({ secret: 'hunter2-canary', user: 'deploy' })).toMatchObject({ value: { outcome: 'unchanged' } });
    const listed = await list();
    expect(listed).toMatchObject({
      ok: true,
      value: {
        items: [{ kind: 'git', user: 'deploy', fingerprint: expect.stringMatching(/^fingerprint:[0-9a-f]{12}$/) }],
      },
    });
    expect(JSON.stringify(listed)).not.toContain('canary');
    for await (const event of acme.platform.engines.eventStore.readAll())
      expect(JSON.stringify(event)).not.toMatch(/canary|"deploy"/);
  });

  it('keep what a later request omits, and are removed from the vault a day after they were replaced', async () => {
    await set({ user: 'deploy', secret: 'first-canary' });
    const first = await recordOf();
    await set({ knownHosts: 'git.acme.dev ssh-ed25519 AAAA' });
    const second = await recordOf();
    const read = (name: string) =>
      acme.platform.ask(getRecordRequest, { name, part: 0 }, acme.platform.service('deploy-worker'));
    const found = await read(second);
    if (!found.ok || !found.value.record) throw new Error('the worker cannot read the record');
    expect(JSON.parse(decodeText(Buffer.from(found.value.record.bytes, 'base64')))).toEqual({
      credential: { user: 'deploy', secret: 'first-canary' },
      knownHosts: 'git.acme.dev ssh-ed25519 AAAA',
    });
    acme.platform.clock.shift(25 * 3_600_000);
    await acme.platform.app.get(CredentialRecordsSweep, { strict: false }).run(new AbortController().signal);
    expect(await read(first)).toMatchObject({ ok: true, value: { record: null } });
    expect(await read(second)).toMatchObject({ ok: true, value: { record: { parts: 1 } } });
  });

  it.each([
    [{}, '/secret'],
    [{ certificateAuthority: 'no certificate' }, '/certificateAuthority'],
    [{ knownHosts: 'git.acme.dev' }, '/knownHosts'],
  ])('are refused if no host would accept them: %j', async (input, pointer) => {
    expect(await set(input)).toMatchObject({
      ok: false,
      error: { code: 'deployments/credential-invalid', kind: 'invalid', errors: [{ pointer }] },
    });
    expect(await list()).toMatchObject({ value: { items: [] } });
  });

  it('are deleted', async () => {
    await set({ secret: 'hunter2' });
    const gone = () => acme.platform.ask(deleteCredentialRequest, { org: ORG, host: 'git.acme.dev' }, acme.by('ada'));
    expect(await gone()).toMatchObject({ ok: true });
    expect(await gone()).toMatchObject({ ok: false, error: { kind: 'not-found' } });
    expect(await list()).toMatchObject({ value: { items: [] } });
  });
});
