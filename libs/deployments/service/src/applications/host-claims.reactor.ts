import { Resumption } from '#event-sourcing';
import { idOf, type CommandContext, type Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { HostClaims } from './host-claims.service.ts';

type Type = 'deployment.succeeded.v1';

/** Claims the hosts of applications that an earlier release deployed, oldest deployment first. */
@Injectable()
export class HostClaimsReactor extends Resumption<ApplicationEvent, Type> {
  readonly name = 'deployments-host-claims.v1';
  readonly events = applicationDecider.events;
  readonly types = ['deployment.succeeded.v1'] as const;

  constructor(@Inject(HostClaims) private readonly claims: HostClaims) {
    super();
  }

  protected resume(
    { event, metadata }: Recorded<Extract<ApplicationEvent, { readonly type: Type }>>,
    context: CommandContext,
  ) {
    return this.claims.adopt(idOf(metadata.stream), event.data.revision, context);
  }
}
