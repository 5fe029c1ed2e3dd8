import { applyProfileRequest, getProfileRequest } from '#deployments/contract';
import { reply } from '#bus';
import { specify } from '#testing';
import { aProfile } from '../testing/facts.ts';
import { image, profile } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';
import { profileDecider } from './profile.decider.ts';
import { ProfileTiersReactor } from './profile-tiers.reactor.ts';
import type { ProfileEvent } from './profile.events.ts';

const ofPlan = { ...aProfile, tier: 'basic', tierFrom: 'plan' } as const;
const created = (data: typeof aProfile): ProfileEvent => ({ type: 'profile.created.v1', data });
const ada = { id: 'ada', kind: 'person', isGlobalAdmin: false } as const;

describe('use-D19: the tier of a profile that names none', () => {
  const { given } = specify(profileDecider);
  const apply = (content: typeof aProfile) => ({ type: 'apply', content, mayChange: 'all' }) as const;

  it('is kept when the profile is changed under another plan', () =>
    given(created(ofPlan))
      .when(apply({ ...ofPlan, tier: 'premium', digest: 'd2' }), ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...ofPlan, digest: 'd2', revision: 2 } }));

  it('is kept while the plan is unknown', () =>
    given(created(ofPlan))
      .when(apply({ ...aProfile, tier: null, tierFrom: 'plan', digest: 'd2' }), ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...ofPlan, digest: 'd2', revision: 2 } }));

  it('changes to the tier that the profile names, and to the plan when it no longer names one', () => {
    const named = { ...aProfile, tier: 'premium', digest: 'd2' };
    given(created(ofPlan))
      .when(apply(named), ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...named, revision: 2 } });
    given(created(named))
      .when(apply({ ...ofPlan, digest: 'd3' }), ada)
      .thenRecorded({ type: 'profile.changed.v1', data: { ...ofPlan, digest: 'd3', revision: 2 } });
  });

  it('is recorded once for a profile of an earlier release', () => {
    const resolve = { type: 'resolve-tier', tier: 'basic' } as const;
    const resolved: ProfileEvent = { type: 'profile.changed.v1', data: { ...ofPlan, revision: 1 } };
    given(created(aProfile)).when(resolve, ada).thenRecorded(resolved);
    given(created(aProfile), resolved)
      .when({ ...resolve, tier: 'premium' }, ada)
      .thenNothingRecorded();
    given(created({ ...aProfile, tier: 'premium' }))
      .when(resolve, ada)
      .thenNothingRecorded();
  });
});

describe('use-D19: a change of plan', () => {
  let defaultTier = 'basic';
  beforeEach(() => void (defaultTier = 'basic'));
  const given = givenPlatform({
    answers: {
      'billing.v1.subscription.of': ({ organizationIds }: { organizationIds: string[] }) =>
        reply({
          plans: Object.fromEntries(
            organizationIds.map((id) => [
              id,
              { plan: 'any', defaultTier, requestsPerMinute: 600, auditDaysShown: 30, auditExport: 'owner' },
            ]),
          ),
          pricingUrl: 'https://plans.example',
        }),
    },
  });
  const tierOf = async (name: string) => {
    await given.platform.settled();
    const found = await given.platform.ask(getProfileRequest, { org: ORG, name }, given.by('ada'));
    return found.ok ? found.value.tier : found.error.code;
  };
  const applyProfile = (name: string, more = {}) =>
    given.platform.ask(applyProfileRequest, { org: ORG, name, manifest: profile(name, more) }, given.by('ada'));

  it('changes neither existing profiles nor the meaning of unchanged manifests', async () => {
    expect(await given.apply('web')).toMatchObject({ ok: true, value: { application: { tier: 'basic' } } });
    defaultTier = 'premium';
    expect(await tierOf('staging')).toBe('basic');
    expect(await given.apply('web')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    const next = await given.apply('web', image('web', '2'));
    expect(next).toMatchObject({ ok: true, value: { application: { tier: 'basic' } } });
    expect(await applyProfile('staging', { description: 'changed' })).toMatchObject({
      ok: true,
      value: { outcome: 'configured', profile: { tier: 'basic' } },
    });
    expect(await applyProfile('newer')).toMatchObject({ ok: true, value: { profile: { tier: 'premium' } } });
  });

  it('keeps the tier of profiles of earlier releases', async () => {
    const events = await given.platform.engines.events();
    const stream = events.find(({ type }) => type === 'profile.created.v1')?.stream ?? '';
    const earlier = { ...profileDecider, decide: (event: ProfileEvent) => ({ ok: true, value: [event] }) as const };
    const { tierFrom: _from, ...content } = await contentOf(stream);
    const forgotten = { type: 'profile.changed.v1', data: { ...content, tier: null, revision: 2 } } as const;
    const { commands } = given.platform.engines;
    expect(await commands.run(earlier, stream, forgotten, given.platform.service('deployments', ORG))).toMatchObject({
      ok: true,
    });
    await given.platform.resumed(ProfileTiersReactor);
    defaultTier = 'premium';
    expect(await contentOf(stream)).toMatchObject({ tier: 'basic', tierFrom: 'plan' });
    await given.platform.resumed(ProfileTiersReactor);
    expect(await tierOf('staging')).toBe('basic');
  });

  async function contentOf(stream: string) {
    const loaded = await given.platform.engines.commands.load(profileDecider, stream);
    if (!loaded.ok || loaded.value.state.status !== 'active') throw new Error('the profile is not there');
    return loaded.value.state.content;
  }
});
