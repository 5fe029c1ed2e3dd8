import { Resumption } from '#event-sourcing';
import { idOf, ok, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { userEvents, type UserEvent } from '../users/user.events.ts';
import { Erasure } from './erasure.service.ts';

/** Destroys the personal data of an erased user, if a crash interrupted the request. */
@Injectable()
export class ErasureReactor extends Resumption<UserEvent, 'user.erased.v1'> {
  readonly name = 'identity-erasure.v1';
  readonly events = userEvents;
  readonly types = ['user.erased.v1'] as const;

  constructor(@Inject(Erasure) private readonly erasure: Erasure) {
    super();
  }

  protected async resume({ metadata }: Recorded<Extract<UserEvent, { readonly type: 'user.erased.v1' }>>) {
    await this.erasure.destroy(idOf(metadata.stream));
    return ok(undefined);
  }
}
