import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import {
  nameEvents,
  type NameEvent,
  type NameKind,
  type OrganizationChange,
  type OrganizationDraft,
} from './name.events.ts';

/** State of a name. */
export interface Name {
  /** The organization that holds the name; `undefined` if it is free. */
  readonly holder: string | undefined;
  /** Revision of the last event. While the name is held, this is the revision of its claim. */
  readonly revision: number;
}

/** Commands on the stream of a name. */
export type NameCommand =
  | {
      readonly type: 'claim-name';
      readonly kind: NameKind;
      readonly organizationId: string;
      readonly shown: string;
      /**
       * Reject the claim if this organization already holds the name, which another of its requests is about to use.
       */
      readonly isNew?: boolean;
      readonly founding?: OrganizationDraft;
      readonly change?: OrganizationChange;
    }
  | {
      readonly type: 'release-name';
      readonly kind: NameKind;
      readonly organizationId: string;
      /** Release only the claim with this revision. Default: the current claim. */
      readonly revision?: number;
    };

/**
 * Decides who holds a name. Names are claimed and released but never deleted, so each has one holder at any position.
 */
export const nameDecider: Decider<Name, NameCommand, NameEvent, OrganizationError> = {
  events: nameEvents,
  initialState: { holder: undefined, revision: -1 },
  evolve: ({ revision }, { type, data }) => ({
    holder: type === 'name.claimed.v1' ? data.organizationId : undefined,
    revision: revision + 1,
  }),
  decide,
};

function decide(command: NameCommand, { holder, revision }: Name): Result<readonly NameEvent[], OrganizationError> {
  const { kind, organizationId } = command;
  switch (command.type) {
    case 'claim-name': {
      const { founding, change } = command;
      if (holder === organizationId) return command.isNew ? err(organizationErrors.renameUnderWay()) : ok([]);
      // A user gets one default organization. A second claim finds the first holder in the state.
      if (holder !== undefined && kind === 'default') return ok([]);
      if (holder !== undefined)
        return err(kind === 'slug' ? organizationErrors.slugTaken(command.shown) : organizationErrors.nameTaken());
      return ok([
        {
          type: 'name.claimed.v1',
          data: { kind, organizationId, ...(founding && { founding }), ...(change && { change }) },
        },
      ]);
    }
    case 'release-name':
      if (holder !== organizationId || (command.revision ?? revision) !== revision) return ok([]);
      return ok([{ type: 'name.released.v1', data: { kind, organizationId } }]);
    default:
      return assertNever(command);
  }
}
