import { Caller, Input, refuse, reply, Serves, type ContextOf, type Reply, type ReplyTo } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  adoptApplicationRequest,
  pauseApplicationRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, ok, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { matching } from '../shared/if-match.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, newestAttemptOf } from './application.ts';
import { adoptedBy, type Operate } from './operate.ts';
import { placeOf, ProtectionReader } from './protection.service.ts';

type Operated = OutputOf<typeof syncApplicationRequest>;
type Context = ContextOf<typeof syncApplicationRequest>;
type Options = InputOf<typeof syncApplicationRequest> & Pick<InputOf<typeof adoptApplicationRequest>, 'attempt'>;

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

  @Serves(adoptApplicationRequest)
  async adopt(
    @Input() input: InputOf<typeof adoptApplicationRequest>,
    @Caller() context: ContextOf<typeof adoptApplicationRequest>,
  ): Promise<ReplyTo<typeof adoptApplicationRequest>> {
    const done = await this.operated('adopt', input, context);
    if (!done.ok) return refuse(done.error);
    const { answer, meta, before, application } = done.value;
    const dryRun = context.dryRun ?? false;
    const adopts = dryRun ? newestAttemptOf(before)?.number : undefined;
    const objects = [...adoptedBy(application)];
    return reply({ ...answer, objects, ...(adopts !== undefined && { adopts }), dryRun }, meta);
  }

  private async operate(operation: Operate['operation'], input: Options, context: Context): Promise<Reply<Operated>> {
    const done = await this.operated(operation, input, context);
    return done.ok ? reply(done.value.answer, done.value.meta) : refuse(done.error);
  }

  private async operated(
    operation: Operate['operation'],
    { name, message, allowRemovals, attempt }: Options,
    context: Context,
  ) {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return membership;
    const { organizationId, isAdmin } = membership.value;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const applicationId = catalog.value.state.entries.application.get(name)?.id;
    if (applicationId === undefined) return err(deploymentsErrors.applicationNotFound(name));
    const stream = applicationStream(applicationId);
    const loaded = await this.commands.load(applicationDecider, stream);
    if (!loaded.ok) return loaded;
    const latest = latestOf(loaded.value.state);
    const place = placeOf(applicationId, loaded.value.state, { organizationId, isAdmin });
    const protection = await this.protection.of(place, latest);
    if (!protection.ok) return protection;
    const running = await this.history.running(loaded.value.state.attempts);
    if (!running.ok) return running;
    const command: Operate = {
      type: 'operate',
      operation,
      name,
      ...(allowRemovals !== undefined && { allowRemovals }),
      ...(attempt !== undefined && { attempt }),
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
    if (!done.ok) return err(await this.refusals.explain(done.error, context));
    const { state, events, position, repeated } = done.value;
    const view = await this.views.afterWrite({ organizationId, applicationId, application: state, events }, context);
    if (!view) return err(deploymentsErrors.applicationNotFound(name));
    const requested = events.find((event) => event.type === 'deployment.requested.v1');
    return ok({
      answer: { application: view, changed: events.length > 0, attemptId: requested?.data.attemptId ?? null },
      meta: { revision: latestOf(state)?.revision ?? 0, position, ...(repeated && { repeated }) },
      before: loaded.value.state,
      application: state,
    });
  }
}
