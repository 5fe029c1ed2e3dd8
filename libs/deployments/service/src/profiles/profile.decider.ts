import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import type { ProfileContent } from '../catalog/beginnings.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { profileEvents, type ProfileEvent } from './profile.events.ts';

/** State of a profile for its decisions. */
export type Profile =
  | { readonly status: 'absent' }
  | { readonly status: 'deleted' }
  | { readonly status: 'active'; readonly content: ProfileContent; readonly revision: number };

/** Commands of a profile. */
export type ProfileCommand =
  | {
      readonly type: 'apply';
      readonly content: ProfileContent;
      /** What the actor's role allows: an editor may only change the defaults of an unprotected profile. */
      readonly mayChange: 'all' | 'defaults';
    }
  /** Assigns a tier to a profile that names none and has none yet. */
  | { readonly type: 'resolve-tier'; readonly tier: string }
  | { readonly type: 'delete' };

function evolve(profile: Profile, event: ProfileEvent): Profile {
  switch (event.type) {
    case 'profile.created.v1':
      return { status: 'active', content: event.data, revision: 1 };
    case 'profile.changed.v1':
      return { status: 'active', content: event.data, revision: event.data.revision };
    case 'profile.deleted.v1':
      return { status: 'deleted' };
    default:
      return assertNever(event);
  }
}

function decide(command: ProfileCommand, profile: Profile): Result<readonly ProfileEvent[], DeploymentsError> {
  if (command.type === 'delete')
    return ok(profile.status === 'deleted' ? [] : [{ type: 'profile.deleted.v1', data: {} }]);
  if (command.type === 'resolve-tier') {
    if (profile.status !== 'active' || profile.content.tier !== null) return ok([]);
    const { content, revision } = profile;
    // The content of the profile is unchanged, and so is its revision: readers need not read it again.
    const resolved = { ...content, tier: command.tier, tierFrom: 'plan' as const, revision };
    return ok([{ type: 'profile.changed.v1', data: resolved }]);
  }
  const { content, mayChange } = command;
  if (profile.status === 'deleted') return err(deploymentsErrors.beingDeleted('profile', content.name));
  if (profile.status === 'absent')
    return mayChange === 'all'
      ? ok([{ type: 'profile.created.v1', data: content }])
      : err(deploymentsErrors.defaultsOnly(content.name));
  if (profile.content.digest === content.digest && profile.content.clusterId === content.clusterId) return ok([]);
  if (mayChange === 'defaults' && !isFrameKept(profile.content, content))
    return err(deploymentsErrors.defaultsOnly(content.name));
  return ok([
    { type: 'profile.changed.v1', data: { ...withTier(content, profile.content), revision: profile.revision + 1 } },
  ]);
}

/** Returns whether an unprotected profile differs in its defaults only. */
const isFrameKept = (present: ProfileContent, next: ProfileContent): boolean =>
  !present.protected && present.frameDigest === next.frameDigest && present.clusterId === next.clusterId;

/** A tier that came from the plan is kept when the plan changes. */
const withTier = (content: ProfileContent, present: ProfileContent): ProfileContent =>
  content.tierFrom === 'plan' && present.tierFrom === 'plan' && present.tier !== null
    ? { ...content, tier: present.tier }
    : content;

/** Decides about the revisions of one profile. */
export const profileDecider: Decider<Profile, ProfileCommand, ProfileEvent, DeploymentsError> = {
  events: profileEvents,
  initialState: { status: 'absent' },
  evolve,
  decide,
  revisionOf: (profile) => (profile.status === 'active' ? profile.revision : 0),
};

/** Returns the name of a profile's stream. */
export const profileStream = (profileId: string): string => `profile-${profileId}`;
