import type { Actor } from '#kernel';
import { displayNameSchema } from '#organizations/contract';
import { specify } from '#testing';
import { nameDecider } from './name.decider.ts';
import type { NameEvent } from './name.events.ts';
import { comparable, slugFrom } from './normalize.ts';

const actor: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: true };
const claimed = (organizationId: string): NameEvent => ({
  type: 'name.claimed.v1',
  data: { kind: 'slug', organizationId },
});
const released = (organizationId: string): NameEvent => ({
  type: 'name.released.v1',
  data: { kind: 'slug', organizationId },
});
const claim = (organizationId: string) =>
  ({ type: 'claim-name', kind: 'slug', organizationId, shown: 'acme' }) as const;
const release = (organizationId: string) => ({ type: 'release-name', kind: 'slug', organizationId }) as const;
const { given } = specify(nameDecider);

describe('a name', () => {
  it('belongs to the first organization that claims it', () => {
    given().when(claim('one'), actor).thenRecorded(claimed('one'));
    given(claimed('one')).when(claim('two'), actor).thenRejected({ code: 'organization/slug-taken', kind: 'conflict' });
  });
  it('can be claimed again by its holder, for retries', () =>
    given(claimed('one')).when(claim('one'), actor).thenNothingRecorded());
  it('F22: is free after its release, and has one holder at any time', () => {
    given(claimed('one'), released('one')).when(claim('two'), actor).thenRecorded(claimed('two'));
    given(claimed('one'), released('one'), claimed('two')).when(release('one'), actor).thenNothingRecorded();
    given(claimed('one'), released('one'), claimed('two'))
      .when(claim('one'), actor)
      .thenRejected({ code: 'organization/slug-taken' });
  });
  it('is not claimed twice for two requests of its holder', () =>
    given(claimed('one'))
      .when({ ...claim('one'), isNew: true }, actor)
      .thenRejected({ code: 'organization/rename-under-way', kind: 'conflict' }));
  it('is claimed with what is needed to complete the request', () => {
    const draft = { organizationId: 'one', name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false };
    const change = { organizationId: 'one', name: 'Acme', slug: 'acme', from: draft, settings: {}, former: [] };
    for (const more of [{ founding: draft }, { change }])
      given()
        .when({ ...claim('one'), isNew: true, ...more }, actor)
        .thenRecorded({ type: 'name.claimed.v1', data: { kind: 'slug', organizationId: 'one', ...more } });
  });
  it('is released by the claim that the request made, not by a later one', () => {
    const history = [claimed('one'), released('one'), claimed('one')];
    for (const revision of [2, undefined])
      given(...history)
        .when({ ...release('one'), ...(revision !== undefined && { revision }) }, actor)
        .thenRecorded(released('one'));
    for (const revision of [0, 3])
      given(...history)
        .when({ ...release('one'), revision }, actor)
        .thenNothingRecorded();
    given().when(release('one'), actor).thenNothingRecorded();
  });
  it('tells which name is taken', () => {
    const kind = 'name' as const;
    given(claimed('one'))
      .when({ ...claim('two'), kind }, actor)
      .thenRejected({ code: 'organization/name-taken', kind: 'conflict' });
    given(claimed('one')).when(claim('two'), actor).thenRejected({ detail: 'The slug acme is taken.' });
  });
  it('of a default organization keeps its first holder when it is claimed again', () =>
    given(claimed('one'))
      .when({ type: 'claim-name', kind: 'default', organizationId: 'two', shown: 'default' }, actor)
      .thenNothingRecorded());
  it('of a default organization is claimed by the first', () =>
    given()
      .when({ type: 'claim-name', kind: 'default', organizationId: 'one', shown: 'default' }, actor)
      .thenRecorded({ type: 'name.claimed.v1', data: { kind: 'default', organizationId: 'one' } }));
});

describe('A20: display names', () => {
  it('are compared without case, form, and white space', () => {
    const variants = ['Café Noir', 'café noir', ' CAFÉ   NOIR ', 'Cafe\u0301 Noir', 'Ｃａｆé Noir'];
    expect(new Set(variants.map(comparable)).size).toBe(1);
  });
  it('are stored composed and with single spaces', () =>
    expect(displayNameSchema.parse('  Cafe\u0301   Noir ')).toBe('Café Noir'));
  it.each(['Ad\u200bmin', 'Аdmin', 'Admın', 'Ａdmin', 'ad\u0000min', 'a\nb\u2028', '☃', 'ɑcme', 'ſcale', 'Ⅻ', ''])(
    'reject characters that only look like others: %j',
    (name) => expect(displayNameSchema.safeParse(name).success).toBe(false),
  );
  it('make slugs that are DNS labels of at most 20 characters', () => {
    expect(slugFrom('Café Noir & Söhne GmbH (Berlin)')).toBe('cafe-noir-sohne-gmbh');
    expect(slugFrom('42 Answers')).toBe('answers');
    expect(slugFrom('42')).toBeUndefined();
  });
});
