import { listEgressRequest, setEgressRequest } from '#deployments/contract';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { givenPlatform } from '../testing/given-platform.service.ts';
import { egressDecider, type EgressEvent } from './egress.decider.ts';

const admin: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: true };
const entry = '127.0.0.1:6443';
const allowed = (of = entry): EgressEvent => ({ type: 'egress.allowed.v1', data: { entry: of } });
const denied: EgressEvent = { type: 'egress.denied.v1', data: { entry } };
const allow = { type: 'allow', entry } as const;
const deny = { type: 'deny', entry } as const;
const { given } = specify(egressDecider);

describe('use-S10: addresses that a global admin allows', () => {
  it('are recorded once, and can be withdrawn and allowed again', () => {
    given().when(allow, admin).thenRecorded(allowed());
    given(allowed()).when(allow, admin).thenNothingRecorded();
    given(allowed()).when(deny, admin).thenRecorded(denied);
    given(allowed(), denied).when(allow, admin).thenRecorded(allowed());
  });

  it('are withdrawn only if they were allowed', () => {
    given().when(deny, admin).thenRejected({ code: 'egress/not-found', kind: 'not-found' });
    given(allowed('10.4.0.0/16')).when(deny, admin).thenRejected({ code: 'egress/not-found' });
  });

  it('are withdrawn in every form in which earlier releases recorded them, and not allowed again', () => {
    const network = '10.4.0.0/16';
    const same = ['10.4.0.12/16'];
    given(allowed('10.4.0.12/16')).when({ type: 'allow', entry: network, same }, admin).thenNothingRecorded();
    given(allowed('10.4.0.12/16'), allowed(network))
      .when({ type: 'deny', entry: network, same }, admin)
      .thenRecorded(
        ...[network, ...same].map((text) => ({ type: 'egress.denied.v1', data: { entry: text } }) as const),
      );
  });

  it('are changed by a global admin only', () => {
    for (const command of [allow, deny])
      given(allowed())
        .when(command, { ...admin, isGlobalAdmin: false })
        .thenRejected({ kind: 'forbidden' });
  });

  it('are limited in number', () => {
    const many = Array.from({ length: 200 }, (_, at) => allowed(`10.4.0.${at}:6443`));
    given(...many)
      .when(allow, admin)
      .thenRejected({ code: 'egress/entry-limit', kind: 'limit' });
    given(...many.slice(1))
      .when(allow, admin)
      .thenRecorded(allowed());
  });
});

describe('use-S10: the list of allowed addresses', () => {
  const acme = givenPlatform({ profiles: {} });
  const ada = () => ({ ...acme.by('ada'), actor: admin });
  const list = async () => {
    await acme.platform.settled();
    return acme.platform.ask(listEgressRequest, {}, ada());
  };

  it('contains those of the settings, and those of admins with author and time', async () => {
    const set = await acme.platform.ask(setEgressRequest, { entry: ' K8S.Acme.dev:6443 ', allowed: true }, ada());
    expect(set).toMatchObject({ ok: true, value: { entry: 'k8s.acme.dev:6443', allowed: true } });
    expect(await list()).toMatchObject({
      ok: true,
      value: {
        items: [
          {
            entry: 'k8s.acme.dev:6443',
            source: 'admin',
            by: 'ada@acme.dev',
            since: expect.stringMatching(/^\d{4}-.*Z$/),
          },
          { entry: 'k8s.acme.internal:6443', source: 'setting', by: null, since: null },
        ],
      },
    });
    await acme.platform.ask(setEgressRequest, { entry: 'k8s.acme.dev:6443', allowed: false }, ada());
    expect(await list()).toMatchObject({ ok: true, value: { items: [{ source: 'setting' }] } });
  });

  it('accepts the entries that the setting accepts, and no others', async () => {
    for (const wrong of ['localhost', '10.0.0.0/33', '127.0.0.1:6443,10.0.0.0/8', '127.0.0.1:0'])
      expect(await acme.platform.ask(setEgressRequest, { entry: wrong, allowed: true }, ada())).toMatchObject({
        ok: false,
        error: { code: 'egress/invalid-entry', errors: [{ pointer: '/entry' }] },
      });
  });

  it('contains networks without host bits, and none that contains every address', async () => {
    const set = (text: string, isAllowed = true) =>
      acme.platform.ask(setEgressRequest, { entry: text, allowed: isAllowed }, ada());
    expect(await set('10.9.0.12/16')).toMatchObject({ ok: true, value: { entry: '10.9.0.0/16' } });
    expect(await set('10.9.200.1/16', false)).toMatchObject({ ok: true, value: { entry: '10.9.0.0/16' } });
    for (const everything of ['0.0.0.0/0', '10.0.0.0/0', '::/0'])
      expect(await set(everything)).toMatchObject({
        ok: false,
        error: {
          code: 'egress/invalid-entry',
          detail: expect.stringMatching(/^(0\.0\.0\.0|::)\/0 contains every address\.$/),
        },
      });
    expect(await set('::/0', false)).toMatchObject({ ok: false, error: { code: 'egress/not-found' } });
  });

  it('changes nothing in a dry run', async () => {
    const dry = await acme.platform.ask(setEgressRequest, { entry, allowed: true }, { ...ada(), dryRun: true });
    expect(dry).toMatchObject({ ok: true, value: { dryRun: true } });
    expect(await list()).toMatchObject({ ok: true, value: { items: [{ source: 'setting' }] } });
  });
});
