import { Caller, Input, refuse, reply, Serves, type ContextOf, type Reply } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  pauseApplicationRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { matching } from '../shared/if-match.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf } from './application.ts';
import type { Operate } from './operate.ts';
import { placeOf, ProtectionReader } from './protection.service.ts';

type Operated = OutputOf<typeof syncApplicationRequest>;
type Context = ContextOf<typeof syncApplicationRequest>;

/** Handles commands that deploy, pause or resume an application without a new revision. */
@Controller()
export class OperationsHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
  ) {}

  @Serves(syncApplicationRequest)
  sync(
    @Input() input: InputOf<typeof syncApplicationRequest>,
    @Caller() context: ContextOf<typeof syncApplicationRequest>,
  ): Promise<Reply<Operated>> {
    return this.operate('sync', input, context);
  }

  @Serves(restartApplicationRequest)
  restart(
    @Input() input: InputOf<typeof restartApplicationRequest>,
    @Caller() context: ContextOf<typeof restartApplicationRequest>,
  ): Promise<Reply<Operated>> {
    return this.operate('restart', input, context);
  }

  @Serves(pauseApplicationRequest)
  pause(
    @Input() input: InputOf<typeof pauseApplicationRequest>,
    @Caller() context: ContextOf<typeof pauseApplicationRequest>,
  ): Promise<Reply<Operated>> {
    return this.operate('pause', input, context);
  }

  @Serves(resumeApplicationRequest)
  resume(
    @Input() input: InputOf<typeof resumeApplicationRequest>,
    @Caller() context: ContextOf<typeof resumeApplicationRequest>,
  ): Promise<Reply<Operated>> {
    return this.operate('resume', input, context);
  }

  private async operate(
    operation: Operate['operation'],
    { name, message, allowRemovals }: InputOf<typeof syncApplicationRequest>,
    context: Context,
  ): Promise<Reply<Operated>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return refuse(membership.error);
    const { organizationId, isAdmin } = membership.value;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const applicationId = catalog.value.state.entries.application.get(name)?.id;
    if (applicationId === undefined) return refuse(deploymentsErrors.applicationNotFound(name));
    const stream = applicationStream(applicationId);
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) return refuse(loaded.error);
    const latest = latestOf(loaded.value.state);
    const place = placeOf(applicationId, loaded.value.state, { organizationId, isAdmin });
    const protection = await this.protection.of(place, latest);
    if (!protection.ok) return refuse(protection.error);
    const running = await this.history.running(loaded.value.state.attempts);
    if (!running.ok) return refuse(running.error);
    const command: Operate = {
      type: 'operate',
      operation,
      name,
      ...(allowRemovals !== undefined && { allowRemovals }),
      attemptId: this.commands.newId(context, 1),
      at: new Date(this.clock.now()).toISOString(),
      ...(message !== undefined && { message }),
      running: running.value,
      protection: protection.value,
    };
    const done = await this.commands.run(applicationDecider, stream, command, context, {
      step: operation,
      ...matching(context),
    });
    if (!done.ok) return refuse(await this.refusals.explain(done.error, context));
    const { state, events, position, repeated } = done.value;
    const view = await this.views.afterWrite({ organizationId, applicationId, application: state, events }, context);
    if (!view) return refuse(deploymentsErrors.applicationNotFound(name));
    const requested = events.find((event) => event.type === 'deployment.requested.v1');
    return reply(
      { application: view, changed: events.length > 0, attemptId: requested?.data.attemptId ?? null },
      { revision: latestOf(state)?.revision ?? 0, position, ...(repeated && { repeated }) },
    );
  }
}
