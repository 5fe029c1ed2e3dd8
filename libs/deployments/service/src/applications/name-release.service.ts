import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { latestOf } from './application.ts';

/** The end of a deletion: namespace and name are given back, in this order, each at most once. */
@Injectable()
export class NameRelease {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  /** Of an application that has ended, under whatever name it holds; repeatable. */
  async ofDeleted(
    organizationId: string,
    applicationId: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const held = [...catalog.value.state.entries.application.values()].find(({ id }) => id === applicationId);
    return held ? this.release(organizationId, applicationId, held.name, context) : ok(undefined);
  }

  /** Only of an application whose stream says that it is deleted; repeatable. */
  async release(
    organizationId: string,
    applicationId: string,
    name: string,
    context: CommandContext,
  ): Promise<Result<void, DomainError>> {
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const application = loaded.value.state;
    if (application.status !== 'deleted') return ok(undefined);
    const step = `release ${applicationId}`;
    const latest = latestOf(application);
    if (latest) {
      const { cluster, targetNamespace } = latest;
      const freed = await this.commands.run(
        namespacesDecider,
        namespacesStream(cluster.uid),
        { type: 'release', namespace: targetNamespace, applicationId },
        context,
        { step },
      );
      if (!freed.ok) return err(freed.error);
    }
    const released = await this.commands.run(
      catalogDecider,
      catalogStream(organizationId),
      { type: 'release', kind: 'application', name, id: applicationId },
      context,
      { step },
    );
    return released.ok ? ok(undefined) : err(released.error);
  }
}
