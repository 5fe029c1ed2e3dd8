import { Caller, Input, refuse, reply, Serves, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { applyApplicationRequest } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { Sandbox } from '../clusters/sandbox.handlers.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { People, type Standing } from '../shared/people.queries.ts';
import { Records } from '../shared/records.handlers.ts';
import { ApplicationAnswers } from './answers.queries.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, newestAttemptOf } from './application.ts';
import { isSame, needsRepair } from './configure.ts';
import { Deployer, type Deployed } from './deployer.handlers.ts';
import { Prepare, type Prepared } from './prepare.handlers.ts';
import { Release } from './release.handlers.ts';

type Applied = OutputOf<typeof applyApplicationRequest>;

/** How often a deployment is prepared anew because others changed the application meanwhile. */
const TRIES = 20;

@Controller()
export class ApplyHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(People) private readonly people: People,
    @Inject(Sandbox) private readonly sandbox: Sandbox,
    @Inject(Prepare) private readonly prepare: Prepare,
    @Inject(Records) private readonly records: Records,
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(Release) private readonly release: Release,
    @Inject(ApplicationAnswers) private readonly answers: ApplicationAnswers,
  ) {}

  @Serves(applyApplicationRequest)
  async apply(
    @Input() { name, manifest }: InputOf<typeof applyApplicationRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<Applied>> {
    const standing = await this.people.standing(context);
    if (!standing.ok) return refuse(standing.error);
    const read = this.prepare.read(name, manifest);
    if (!read.ok) return refuse(read.error);
    await this.sandbox.ensure(standing.value.organizationId, context);

    for (let tries = 1; ; tries++) {
      const outcome = await this.once(read.value, standing.value, context);
      if (outcome.ok) return this.answer(outcome.value, context);
      if (outcome.error.code !== deploymentsErrors.staleRevision().code || tries === TRIES)
        return refuse(await this.people.explain(outcome.error, context));
    }
  }

  /** One try: what is there now, what the manifest makes of it, and the writes, the owner's first. */
  private async once(
    read: Parameters<Prepare['prepare']>[0],
    standing: Standing,
    context: RequestContext,
  ): Promise<Result<{ readonly prepared: Prepared; readonly deployed: Deployed }, DomainError>> {
    const present = await this.presentId(read.spec.name, standing.organizationId, context);
    if (!present.ok) return present;
    const ready = await this.prepare.prepare(read, present.value ?? this.commands.newId(context, 0), standing, context);
    if (!ready.ok) return ready;
    let prepared = ready.value;
    const { application, configuration } = prepared;
    const latest = latestOf(application);
    const isUnchanged = latest !== undefined && isSame(configuration, latest) && !needsRepair(application);
    if (!isUnchanged && !context.dryRun) {
      for (const [record, text] of prepared.records) {
        const stored = await this.records.put(record, text);
        if (!stored.ok) return stored;
      }
    }
    if (latest === undefined) {
      const id = await this.deployer.claimName(prepared, context);
      if (!id.ok) return id;
      // Somebody else has made it meanwhile: this is a change of theirs.
      if (id.value !== prepared.applicationId) return { ok: false, error: deploymentsErrors.staleRevision() };
      prepared = { ...prepared, applicationId: id.value };
    } else if (!isUnchanged && application.status === 'active') {
      const counted = await this.deployer.count(prepared, context);
      if (!counted.ok) return counted;
    }
    const isCreation = latest === undefined && !context.dryRun;
    const deployed = isCreation
      ? await this.deployer.finishCreation(prepared, context)
      : await this.deployer.configure(prepared, context);
    return deployed.ok ? ok({ prepared, deployed: deployed.value }) : deployed;
  }

  /** Id of the application that has the name. One that is deleted but has not given its name back does so now. */
  private async presentId(
    name: string,
    organizationId: string,
    context: RequestContext,
  ): Promise<Result<string | undefined, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.application.get(name);
    if (!entry) return ok(undefined);
    const loaded = await this.commands.load(applicationDecider, applicationStream(entry.id));
    if (!loaded.ok) return loaded;
    if (loaded.value.state.status !== 'deleted') return ok(entry.id);
    const released = await this.release.release(organizationId, entry.id, name, context);
    return released.ok ? ok(undefined) : released;
  }

  private async answer(
    { prepared, deployed }: { readonly prepared: Prepared; readonly deployed: Deployed },
    context: RequestContext,
  ): Promise<Reply<Applied>> {
    const { organizationId, applicationId, configuration } = prepared;
    const { events, application, position, repeated } = deployed;
    const configured = events.find((event) => event.type === 'application.configured.v1');
    const requested = events.find((event) => event.type === 'deployment.requested.v1');
    const created = configured?.data.revision === 1;
    const view = await this.answers.afterWrite({ organizationId, applicationId, application, events }, context);
    if (!view) return refuse(deploymentsErrors.applicationNotFound(configuration.name));
    const outcome = created ? 'created' : requested ? 'configured' : 'unchanged';
    const changes = [...(configured?.data.changes ?? [])];
    const attemptId = requested?.data.attemptId ?? newestAttemptOf(application)?.id ?? null;
    return reply(
      { application: view, outcome, changes, attemptId, dryRun: context.dryRun ?? false },
      {
        revision: latestOf(application)?.revision ?? 0,
        ...(position !== undefined && { position }),
        ...(created && !context.dryRun && { created }),
        ...(repeated && { repeated }),
      },
    );
  }
}
