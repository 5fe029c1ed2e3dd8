import { userEvents, type UserEvent } from '#access';
import type { Reactor } from '#event-sourcing';
import { idOf, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CLIENT_ADDRESSES, type ClientAddresses } from './client-addresses.service.ts';

type Erased = 'user.erased.v1';

/** Erases the client addresses of a person who is erased. */
@Injectable()
export class ErasedAddressesReactor implements Reactor<UserEvent, Erased> {
  readonly name = 'identity-erased-addresses.v1';
  readonly events = userEvents;
  readonly types = ['user.erased.v1'] as const;
  /** Longer than a request takes that had found the person before. */
  readonly delayMs = 2_000;

  constructor(@Inject(CLIENT_ADDRESSES) private readonly addresses: ClientAddresses) {}

  react({ metadata }: Recorded<Extract<UserEvent, { readonly type: Erased }>>): Promise<void> {
    return this.addresses.erase(idOf(metadata.stream));
  }
}
