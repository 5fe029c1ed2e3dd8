import { COMMANDS, type CommandRunner } from '#event-sourcing';
import type { ApplicationSpec } from '#deployments/contract';
import { err, nearestName, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namesOf, type Catalog } from '../catalog/catalog.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf, noApplication, type Application, type Revision } from './application.ts';

/** Maximum number of applications that are read to find a cycle. */
const MAX_READ = 500;

/** Order between applications: a new revision waits until the applications that it depends on are healthy. */
@Injectable()
export class Dependencies {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /**
   * Checks the dependencies of a manifest: each must exist, and none may depend on this application, directly or
   * through others.
   *
   * @param pointer of the spec in the manifest
   */
  async check(
    { name, dependsOn = [] }: ApplicationSpec,
    catalog: Catalog,
    pointer: string,
  ): Promise<Result<undefined, DomainError>> {
    const known = catalog.entries.application;
    const unknown = dependsOn.flatMap((dependency, index) => {
      if (dependency === name || known.get(dependency)?.retiring === false) return [];
      const nearest = nearestName(dependency, namesOf(catalog, 'application'));
      const message = `names application ${dependency}, which does not exist${nearest === undefined ? '; apply it first' : `; did you mean ${nearest}?`}`;
      return [{ pointer: `${pointer}/dependsOn/${index}`, message }];
    });
    if (unknown.length > 0) return err(deploymentsErrors.manifestInvalid(`application/${name}`, unknown));
    const seen = new Set<string>();
    const paths = dependsOn.map((dependency) => [name, dependency]);
    for (let path = paths.shift(); path; path = paths.shift()) {
      const at = path.at(-1) ?? name;
      if (at === name) return err(deploymentsErrors.dependencyCycle(path));
      const entry = known.get(at);
      if (!entry || seen.has(at) || seen.size >= MAX_READ) continue;
      seen.add(at);
      const application = await this.application(entry.id);
      if (!application.ok) return application;
      paths.push(...(latestOf(application.value)?.dependsOn ?? []).map((next) => [...(path ?? []), next]));
    }
    return ok(undefined);
  }

  /** Returns the first application that a revision waits for, or undefined if it may be deployed. */
  async awaited(organizationId: string, revision: Revision): Promise<Result<string | undefined, DomainError>> {
    if (!isOrdered(revision)) return ok(undefined);
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    for (const name of revision.dependsOn ?? []) {
      const id = catalog.value.state.entries.application.get(name)?.id;
      const application = id === undefined ? ok(noApplication) : await this.application(id);
      if (!application.ok) return application;
      if (!isHealthy(application.value)) return ok(name);
    }
    return ok(undefined);
  }

  private async application(id: string): Promise<Result<Application, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(id));
    return loaded.ok ? ok(loaded.value.state) : loaded;
  }
}

/**
 * Returns whether a revision waits for others. One that was deployed before does not: restarting it, syncing it, and
 * rolling back to it must be possible while a dependency has a problem.
 */
const isOrdered = ({ dependsOn, succeeded, rollbackOf }: Revision): boolean =>
  dependsOn !== undefined && !succeeded && rollbackOf === null;

/** Returns whether an application is deployed and healthy, and no deployment of it is in progress. */
const isHealthy = ({ status, health, attempts }: Application): boolean =>
  status === 'active' && health?.health === 'Healthy' && !attempts.some(({ state }) => state === 'open');
