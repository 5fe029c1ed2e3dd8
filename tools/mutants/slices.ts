/** A part of the sources whose mutants are tested together. All paths are relative to the repository. */
export interface Slice {
  /** Files that are mutated. */
  readonly sources: readonly string[];
  /** Test files that must fail for each mutant. */
  readonly tests: readonly string[];
}

const at = (folder: string, names: readonly string[]): readonly string[] => names.map((name) => `${folder}/${name}`);

const ACCESS = 'libs/access/src';
const ACCESS_TESTS = at(ACCESS, ['can.spec.ts', 'principal.spec.ts']);
const ORGANIZATIONS = 'libs/organizations/service/src';
const ACCESS_KEYS = 'libs/access-keys/service/src';
const BILLING = 'libs/billing/service/src';
const EVENT_STORE = 'libs/event-store/src';
const TRANSPARENCY = 'libs/transparency/src';

/** All parts, by the name that `npm run mutants` accepts. */
export const SLICES = {
  'access-decisions': { sources: at(ACCESS, ['can.ts', 'principal.ts', 'roles.ts']), tests: ACCESS_TESTS },
  'access-history': {
    sources: at(ACCESS, ['directory.ts', 'rights-history.ts', 'timeline.ts']),
    tests: [
      ...ACCESS_TESTS,
      ...at(ACCESS, ['directory.spec.ts', 'timeline.spec.ts']),
      'libs/audit/service/src/access/rights-history.spec.ts',
    ],
  },
  'access-key-format': {
    sources: at(ACCESS, ['access-key-format.ts']),
    tests: at(ACCESS, ['access-key-format.spec.ts']),
  },
  organizations: {
    sources: at(ORGANIZATIONS, [
      'organization.ts',
      'organization.decider.ts',
      'creation/create-organization.ts',
      'deletion/delete-organization.ts',
      'settings/change-organization.ts',
      'limits/set-seat-limit.ts',
    ]),
    tests: at(ORGANIZATIONS, [
      'organization.spec.ts',
      'creation/create-organization.spec.ts',
      'deletion/delete-organization.spec.ts',
      'settings/change-organization.spec.ts',
      'members/members.spec.ts',
    ]),
  },
  'organization-names': {
    sources: at(ORGANIZATIONS, ['names/name.decider.ts']),
    tests: at(ORGANIZATIONS, ['names/names.spec.ts']),
  },
  'organization-members': {
    sources: at(ORGANIZATIONS, ['members/set-member.ts', 'members/remove-member.ts', 'members/member-loss.ts']),
    tests: at(ORGANIZATIONS, ['members/members.spec.ts', 'members/member-loss.spec.ts']),
  },
  'organization-invitations': {
    sources: at(ORGANIZATIONS, ['invitations/invite-member.ts', 'invitations/answer-invitation.ts']),
    tests: at(ORGANIZATIONS, ['invitations/invitations.spec.ts']),
  },
  'access-keys': {
    sources: at(ACCESS_KEYS, [
      'key-ring.ts',
      'key-ring.decider.ts',
      'issuing/create-key.ts',
      'issuing/create-login-key.ts',
      'rotating/rotate-key.ts',
      'revoking/revoke-key.ts',
      'announcing/announce-expiry.ts',
      'limits/set-key-limits.ts',
      'leaks/leaked-keys.decider.ts',
    ]),
    tests: at(ACCESS_KEYS, ['key-ring.spec.ts', 'key-ring.properties.spec.ts']),
  },
  billing: { sources: at(BILLING, ['subscription.decider.ts']), tests: at(BILLING, ['subscription.spec.ts']) },
  'hash-chain': {
    sources: [...at(EVENT_STORE, ['seal.ts', 'chain-check.ts', 'checked-log.ts']), `${TRANSPARENCY}/event-hash.ts`],
    tests: [`${EVENT_STORE}/seal.spec.ts`, 'libs/testing/log/src/damage.spec.ts'],
  },
  transparency: {
    sources: at(TRANSPARENCY, ['merkle.ts', 'note.ts']),
    tests: at(TRANSPARENCY, ['merkle.spec.ts', 'note.spec.ts']),
  },
} as const satisfies Readonly<Record<string, Slice>>;

export type SliceName = keyof typeof SLICES;

export const SLICE_NAMES = Object.keys(SLICES) as readonly SliceName[];
