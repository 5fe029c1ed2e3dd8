import { lossSummary, memberName, memberReference } from './member.ts';

const person = { id: 'user-1', kind: 'person', email: 'ada@acme.dev', name: 'Ada' } as const;
const service = { id: 'service-1', kind: 'service', email: null, name: 'ci-deploy' } as const;
const nothing = { role: 'editor', audit: false, permissions: [], keys: [], invitations: [] } as const;

describe('members', () => {
  it('shows the address, else the name, else the ID', () => {
    expect(memberName(person)).toBe('ada@acme.dev');
    expect(memberName(service)).toBe('ci-deploy');
    expect(memberName({ id: 'user-1', email: null, name: null })).toBe('user-1');
  });

  it('identifies a service member by its name, and a person by the ID', () => {
    expect(memberReference(service)).toBe('service:ci-deploy');
    expect(memberReference(person)).toBe('user-1');
  });
});

describe('lossSummary', () => {
  it('tells keys that end from keys that become weaker', () => {
    const keys = [
      { id: 'key_1', name: 'ci', role: null },
      { id: 'key_2', name: 'laptop', role: 'viewer' as const },
    ];
    const summary = lossSummary({ ...nothing, permissions: [], invitations: [], keys });
    expect(summary).toMatchObject({
      endingKeys: ['ci (key_1)'],
      weakerKeys: ['laptop (key_2), only viewer from then on'],
      isNothing: false,
    });
  });

  it('says that nothing is lost only if nothing is', () => {
    expect(lossSummary({ ...nothing, permissions: [], keys: [], invitations: [] }).isNothing).toBe(true);
    expect(lossSummary({ ...nothing, audit: true, permissions: [], keys: [], invitations: [] }).isNothing).toBe(false);
  });
});
