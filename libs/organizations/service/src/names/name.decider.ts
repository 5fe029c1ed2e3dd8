import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import { nameEvents, type OrganizationDraft, type NameEvent, type NameKind } from './name.events.ts';

export interface Name {
  /** The organization that holds the name; `undefined` while it is free. */
  readonly holder: string | undefined;
}

export type NameCommand =
  | {
      readonly type: 'claim-name';
      readonly kind: NameKind;
      readonly organizationId: string;
      readonly shown: string;
      readonly founding?: OrganizationDraft;
    }
  | { readonly type: 'release-name'; readonly kind: NameKind; readonly organizationId: string };

/** One name, and who holds it. Claimed and released, never deleted, so that at each position it has one owner. */
export const nameDecider: Decider<Name, NameCommand, NameEvent, OrganizationError> = {
  events: nameEvents,
  initialState: { holder: undefined },
  evolve: (_state, event) => ({ holder: event.type === 'name.claimed.v1' ? event.data.organizationId : undefined }),
  decide,
};

function decide(command: NameCommand, { holder }: Name): Result<readonly NameEvent[], OrganizationError> {
  const { kind, organizationId } = command;
  switch (command.type) {
    case 'claim-name':
      if (holder === organizationId) return ok([]);
      // A default organization is made once a user: the second claim learns from the state who was first.
      if (holder !== undefined && kind === 'default') return ok([]);
      if (holder !== undefined)
        return err(kind === 'slug' ? organizationErrors.slugTaken(command.shown) : organizationErrors.nameTaken());
      return ok([
        {
          type: 'name.claimed.v1',
          data: { kind, organizationId, ...(command.founding && { founding: command.founding }) },
        },
      ]);
    case 'release-name':
      return holder === organizationId ? ok([{ type: 'name.released.v1', data: { kind, organizationId } }]) : ok([]);
    default:
      return assertNever(command);
  }
}
