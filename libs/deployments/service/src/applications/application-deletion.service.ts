import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ok, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { inventoryOf } from '../attempts/attempt.ts';
import { matching } from '../shared/if-match.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { newestAttemptOf } from './application.ts';
import { ApplicationLookup } from './application-lookup.service.ts';
import { NameRelease } from './name-release.service.ts';
import { placeOf, ProtectionReader, type Place } from './protection.service.ts';

/** An application to delete. */
export interface ToDelete extends Pick<Place, 'organizationId' | 'isAdmin'> {
  readonly name: string;
  /** Whether to leave the objects on the cluster. */
  readonly orphan: boolean;
  /** Whether no hooks run. */
  readonly noHooks: boolean;
}

/** A requested deletion. */
export interface RequestedDeletion {
  /** The attempt that deletes the objects; `null` if there is none, or in a dry run. */
  readonly attemptId: string | null;
  /**
   * The known objects that are deleted or, with `orphan`, kept. A running attempt ends first, and may have created
   * more.
   */
  readonly objects: readonly string[];
  readonly position: Position;
  readonly repeated: boolean;
}

/** Requests deletions of applications, which an attempt then carries out. */
@Injectable()
export class ApplicationDeletion {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ApplicationLookup) private readonly applications: ApplicationLookup,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(NameRelease) private readonly release: NameRelease,
  ) {}

  /** Records nothing if the deletion is already in progress. */
  async request(
    { name, orphan, noHooks, organizationId, isAdmin }: ToDelete,
    context: CommandContext & { readonly ifMatch?: number },
  ): Promise<Result<RequestedDeletion, DomainError>> {
    const found = await this.applications.find(organizationId, name);
    if (!found.ok) return found;
    const { id, application, present } = found.value;
    const place = placeOf(id, application, { organizationId, isAdmin });
    const change = { action: 'delete', application: name, present, next: undefined } as const;
    const allowed = await this.protection.check(place, change);
    if (!allowed.ok) return allowed;
    const protection = await this.protection.of(place, present);
    if (!protection.ok) return protection;
    const history = await this.history.of(application.attempts);
    const running = await this.history.running(application.attempts);
    if (!history.ok) return history;
    if (!running.ok) return running;
    const objects = inventoryOf(history.value).map(({ kind, name: object }) => `${kind}/${object}`);
    const command = {
      type: 'delete',
      orphan,
      noHooks,
      attemptId: this.commands.newId(context, 1),
      running: running.value,
      protection: protection.value,
    } as const;
    const recorded = await this.commands.run(applicationDecider, applicationStream(id), command, context, {
      step: 'delete',
      ...matching(context),
    });
    if (!recorded.ok) return recorded;
    const { state, position, repeated } = recorded.value;
    if (context.dryRun) return ok({ attemptId: null, objects, position, repeated });
    if (state.status === 'deleted') {
      const released = await this.release.release(organizationId, id, name, context);
      if (!released.ok) return released;
    }
    const newest = newestAttemptOf(state);
    const attemptId = newest?.kind === 'delete' && state.status !== 'deleted' ? newest.id : null;
    return ok({ attemptId, objects, position, repeated });
  }
}
