import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import type { Application } from './application.ts';
import { presentOf, type Guarded } from './protection.ts';

/** An application in its present state. */
export interface FoundApplication {
  readonly id: string;
  readonly application: Application;
  /** What decides who can change it; undefined if nothing is known yet. */
  readonly present: Guarded | undefined;
}

/** Finds applications by name, in their present state according to their streams. */
@Injectable()
export class ApplicationLookup {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** @returns `deployments/application-not-found` if the organization has no application of this name */
  async find(organizationId: string, name: string): Promise<Result<FoundApplication, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const entry = catalog.value.state.entries.application.get(name);
    if (!entry) return err(deploymentsErrors.applicationNotFound(name));
    const loaded = await this.commands.load(applicationDecider, applicationStream(entry.id));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    return ok({ id: entry.id, application, present: presentOf(application, catalog.value.state, name) });
  }
}
