import { createHmac } from 'node:crypto';
import { reply } from '#bus';
import type { InputOf } from '#bus/contract';
import {
  applicationStatusRequest,
  applyProfileRequest,
  createWebhookRequest,
  deleteApplicationRequest,
  deleteWebhookRequest,
  deliverWebhookRequest,
  listWebhooksRequest,
  type WebhookProvider,
} from '#deployments/contract';
import type { Sweep } from '#event-sourcing';
import { eventually } from '#testing';
import { encodeText } from '#vault';
import { ApplicationChangesReactor } from '../applications/application-changes.reactor.ts';
import { profile } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { applicationOf, webhookId } from './webhook-id.ts';
import { WebhookRecordsSweep } from './webhook-records.sweep.ts';

type Sent = Omit<InputOf<typeof deliverWebhookRequest>, 'id'>;

const GIT = 'https://git.acme.dev/shop/deploy.git';
const FIRST = '9f2c41d0a1b2c3d4e5f60718293a4b5c6d7e8f90';
const SECOND = '03be770011223344556677889900aabbccddeeff';
let head = FIRST;
let lookUps = 0;
beforeEach(() => {
  head = FIRST;
  lookUps = 0;
});
const acme = givenPlatform({
  members: { ada: 'owner', eve: 'editor' },
  answers: {
    'deploy-worker.v1.sources.pin': () => {
      lookUps += 1;
      return reply({ pin: { type: 'git' as const, commit: head, ref: 'refs/heads/main' } });
    },
  },
});
const target = { org: ORG, name: 'web' };
const manifest = (auto = true) => ({
  name: 'web',
  profileName: 'staging',
  syncPolicy: { auto },
  source: { type: 'repository', repository: { repo: { repoURL: GIT, targetRevision: 'main' } } },
});
const created = async (provider: WebhookProvider = 'github', context = acme.by('ada')) => {
  const made = await acme.platform.ask(createWebhookRequest, { ...target, provider }, context);
  if (!made.ok) throw new Error(made.error.code);
  await acme.platform.settled();
  return made.value;
};
const deliver = (id: string, sent: Sent) =>
  acme.platform.ask(deliverWebhookRequest, { id, ...sent }, acme.platform.service('gateway'));
const bytes = (payload: object) => JSON.stringify(payload);
const encoded = (text: string) => Buffer.from(text).toString('base64');
const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
const push = (more: object = {}) => ({ ref: 'refs/heads/main', repository: { clone_url: GIT }, after: head, ...more });
const byGithub = (secret: string, payload: object, githubEvent = 'push'): Sent => ({
  payload: encoded(bytes(payload)),
  githubSignature: `sha256=${hmac(secret, bytes(payload))}`,
  githubEvent,
});
const generic = (secret: string, payload: object, seconds: number): Sent => ({
  payload: encoded(bytes(payload)),
  signature: `t=${seconds},v1=${hmac(secret, `${seconds}.${bytes(payload)}`)}`,
});
const version = async () => {
  await acme.platform.settled();
  const shown = await acme.platform.ask(applicationStatusRequest, target, acme.by('ada'));
  return shown.ok ? shown.value.version : shown.error.code;
};
const listed = async () => {
  const found = await acme.platform.ask(listWebhooksRequest, target, acme.by('ada'));
  if (!found.ok) throw new Error(found.error.code);
  return found.value.items;
};
const deployed = async () => {
  await acme.apply('web', manifest());
  await acme.worker.deploy();
};
const records = async () => {
  const names: string[] = [];
  for await (const { name } of acme.platform.engines.vault.list('webhook/')) names.push(name);
  return names;
};
const INVALID = { ok: false, error: { code: 'webhook/signature-invalid', kind: 'unauthenticated' } };

describe('a webhook', () => {
  it('has an address and a secret, which is shown once and is in no event', async () => {
    await deployed();
    const { id, address, secret, fingerprint } = await created();
    expect(address).toBe(`https://astro.acme.dev/hooks/${id}`);
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(await listed()).toEqual([
      expect.objectContaining({ id, address, fingerprint, by: 'ada@acme.dev', lastDelivery: null }),
    ]);
    expect(JSON.stringify(await listed())).not.toContain(secret);
    for await (const event of acme.platform.engines.eventStore.readAll())
      expect(JSON.stringify(event)).not.toContain(secret);
  });

  it('is the same with the same secret when the request is repeated', async () => {
    await deployed();
    const first = await created('github', acme.by('ada', { key: 'once' }));
    expect(await created('github', acme.by('ada', { key: 'once' }))).toEqual(first);
    expect(await listed()).toHaveLength(1);
  });

  it('is refused without syncPolicy.auto, beyond ten, and for editors on a protected profile', async () => {
    await acme.apply('web', manifest(false));
    await acme.worker.deploy();
    expect(await acme.platform.ask(createWebhookRequest, target, acme.by('ada'))).toMatchObject({
      ok: false,
      error: { code: 'webhook/needs-auto', fix: expect.stringContaining('syncPolicy.auto: true') },
    });
    expect(await records()).toEqual([]);
    await deployed();
    for (let count = 0; count < 10; count++) await created();
    expect(await acme.platform.ask(createWebhookRequest, target, acme.by('ada'))).toMatchObject({
      ok: false,
      error: { code: 'webhook/count-limit', kind: 'limit' },
    });
    const [{ id } = { id: '' }] = await listed();
    const strict = profile('staging', { protected: true });
    await acme.platform.ask(applyProfileRequest, { org: ORG, name: 'staging', manifest: strict }, acme.by('ada'));
    expect(await acme.platform.ask(deleteWebhookRequest, { ...target, id }, acme.by('eve'))).toMatchObject({
      ok: false,
      error: { code: 'access/protected-profile' },
    });
  });

  it('ends with its deletion, and with that of the application', async () => {
    await deployed();
    const one = await created();
    const two = await created();
    const context = acme.by('ada');
    await acme.platform.ask(deleteWebhookRequest, { ...target, id: one.id }, { ...context, dryRun: true });
    expect(await listed()).toHaveLength(2);
    await acme.platform.ask(deleteWebhookRequest, { ...target, id: one.id }, acme.by('ada'));
    expect(await deliver(one.id, byGithub(one.secret, push()))).toMatchObject(INVALID);
    expect((await records()).map((name) => name.includes(two.id))).toEqual([true]);
    await acme.platform.ask(deleteApplicationRequest, target, acme.by('ada'));
    await acme.worker.deploy();
    await acme.platform.resumed(ApplicationChangesReactor);
    expect(await deliver(two.id, byGithub(two.secret, push()))).toMatchObject(INVALID);
    expect(await records()).toEqual([]);
  });

  it('deploys a pushed commit at once', async () => {
    await deployed();
    const { id, secret } = await created();
    head = SECOND;
    expect(await deliver(id, byGithub(secret, push()))).toMatchObject({
      ok: true,
      value: { outcome: 'checking' },
      meta: { accepted: true },
    });
    await eventually(async () => expect(await version()).toBe('v2'));
    expect(await listed()).toMatchObject([{ lastDelivery: { outcome: 'checking' } }]);
  });

  it('answers a ping, and ignores other branches, repositories, and events', async () => {
    await deployed();
    const { id, secret } = await created();
    const before = lookUps;
    const outcomes = [
      await deliver(id, byGithub(secret, { zen: 'Keep it simple.' }, 'ping')),
      await deliver(id, byGithub(secret, push({ ref: 'refs/heads/next' }))),
      await deliver(id, byGithub(secret, push({ repository: { clone_url: 'https://git.acme.dev/other.git' } }))),
      await deliver(id, byGithub(secret, push(), 'issues')),
    ];
    expect(outcomes.map((outcome) => outcome.ok && [outcome.value.outcome, outcome.meta.accepted])).toEqual([
      ['ping', false],
      ['ignored', false],
      ['ignored', false],
      ['ignored', false],
    ]);
    expect(await deliver(id, { ...byGithub(secret, push()), payload: encoded('[]') })).toMatchObject(INVALID);
    const list = { payload: encoded('[]'), githubSignature: `sha256=${hmac(secret, '[]')}`, githubEvent: 'push' };
    expect(await deliver(id, list)).toMatchObject({ ok: false, error: { code: 'webhook/payload-invalid' } });
    expect(lookUps).toBe(before);
    await acme.apply('web', manifest(false));
    expect(await deliver(id, byGithub(secret, push()))).toMatchObject({ value: { outcome: 'ignored' } });
    await acme.apply('web', manifest()); // the ignored delivery is not remembered, so it may be sent again
    expect(await deliver(id, byGithub(secret, push()))).toMatchObject({ value: { outcome: 'checking' } });
  });

  it('D12: a forged signature is refused like an unknown webhook, before the payload is parsed', async () => {
    await deployed();
    const { id, secret } = await created();
    const before = lookUps;
    const unknown = await deliver(webhookId(applicationOf(id) ?? '', '0'.repeat(16)), byGithub(secret, push()));
    expect(unknown).toMatchObject(INVALID);
    const signed = byGithub(secret, push());
    const forged: Sent[] = [
      byGithub('whsec_guessed', push()),
      { payload: encoded('no JSON'), githubSignature: signed.githubSignature },
      { ...signed, payload: encoded(`${bytes(push())} `) },
      { payload: signed.payload },
      { ...signed, githubSignature: '' },
      { ...signed, githubSignature: `sha1=${hmac(secret, bytes(push()))}` },
      { payload: signed.payload, gitlabToken: secret, gitlabEvent: 'Push Hook' },
    ];
    for (const sent of forged) expect(await deliver(id, sent)).toEqual(unknown);
    for (const name of ['', 'x', `${id}0`, 'wh_../../secret', id.toUpperCase()])
      expect(await deliver(name, signed)).toEqual(unknown);
    const gitlab = await created('gitlab');
    expect(await deliver(gitlab.id, { ...signed, gitlabToken: 'whsec_guessed' })).toEqual(unknown);
    const other = await created('generic');
    const now = Math.floor(acme.platform.clock.now() / 1_000);
    const { signature = '', payload } = generic(other.secret, push(), now);
    for (const sent of [
      signature.replace(`t=${now}`, `t=${now + 1}`),
      signature.replace('v1=', 'v0='),
      `${signature},`,
    ])
      expect(await deliver(other.id, { payload, signature: sent })).toEqual(unknown);
    expect(lookUps).toBe(before);
  });

  it.each(['github', 'gitlab', 'generic'] as const)('D12: a replayed delivery is refused: %s', async (provider) => {
    await deployed();
    const { id, secret } = await created(provider);
    const now = Math.floor(acme.platform.clock.now() / 1_000);
    const signed = (payload: object): Sent => {
      if (provider === 'github') return byGithub(secret, payload);
      if (provider === 'generic') return generic(secret, payload, now);
      return { payload: encoded(bytes(payload)), gitlabToken: secret, gitlabEvent: 'Push Hook' };
    };
    const payload = push({ ...(provider === 'generic' && { repository: GIT }), project: { git_http_url: GIT } });
    expect(await deliver(id, signed(payload))).toMatchObject({ value: { outcome: 'checking' } });
    const replayed = { ok: false, error: { code: 'webhook/replayed', kind: 'conflict' } };
    expect(await deliver(id, signed(payload))).toMatchObject(replayed);
    expect(await deliver(id, signed({ ...payload, after: SECOND }))).toMatchObject({ value: { outcome: 'checking' } });
    acme.platform.clock.shift(301_000);
    expect(await deliver(id, signed(payload))).toMatchObject(replayed);
    if (provider === 'generic') expect(await deliver(id, signed({ ...payload, after: '1' }))).toMatchObject(replayed);
  });

  it('leaves no records of interrupted requests', async () => {
    await deployed();
    const { id } = await created();
    const named = await records();
    await acme.platform.engines.vault.put(`webhook/${ORG}/${applicationOf(id)}/wh_left/secret`, encodeText('x'));
    acme.platform.clock.shift(25 * 3_600_000);
    await acme.platform.app.get<Sweep>(WebhookRecordsSweep, { strict: false }).run(new AbortController().signal);
    expect(await records()).toEqual(named);
  });
});
