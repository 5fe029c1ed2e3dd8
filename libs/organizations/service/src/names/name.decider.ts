import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import {
  nameEvents,
  type NameEvent,
  type NameKind,
  type OrganizationChange,
  type OrganizationDraft,
} from './name.events.ts';

export interface Name {
  /** The organization that holds the name; `undefined` while it is free. */
  readonly holder: string | undefined;
  /** Of its last event: that of the present claim, while there is a holder. */
  readonly revision: number;
}

export type NameCommand =
  | {
      readonly type: 'claim-name';
      readonly kind: NameKind;
      readonly organizationId: string;
      readonly shown: string;
      /** Refused where the organization holds the name already: another of its requests is about to take it. */
      readonly isNew?: boolean;
      readonly founding?: OrganizationDraft;
      readonly change?: OrganizationChange;
    }
  | {
      readonly type: 'release-name';
      readonly kind: NameKind;
      readonly organizationId: string;
      /** Only the claim of this revision; left out: whichever holds. */
      readonly revision?: number;
    };

/** One name, and who holds it. Claimed and released, never deleted, so that at each position it has one owner. */
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
      // A default organization is made once a user: the second claim learns from the state who was first.
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
