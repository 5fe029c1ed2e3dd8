import { COMMANDS, type CommandRunner, type Sweep } from '#event-sourcing';
import { UNNAMED_EVERY_MS } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import type { Application } from '../applications/application.ts';
import { readSecretRecord, SECRET_RECORDS } from '../shared/secret-records.ts';
import { UnnamedRecords } from '../shared/unnamed-records.service.ts';

/**
 * Removes values of secrets that are neither present nor used by a revision. A rollback to any revision of an
 * application brings back its values, so they are kept until the application is deleted.
 */
@Injectable()
export class SecretRecordsSweep implements Sweep {
  readonly name = 'deployments-secret-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(UnnamedRecords) private readonly unnamed: UnnamedRecords,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    let last: { readonly id: string; readonly application: Application | undefined } | undefined;
    await this.unnamed.remove([SECRET_RECORDS], signal, async (name) => {
      const record = readSecretRecord(name);
      if (!record) return true;
      const { applicationId: id, key, fingerprint } = record;
      if (last?.id !== id) {
        const loaded = await this.commands.load(applicationDecider, applicationStream(id)); // records are in order
        last = { id, application: loaded.ok ? loaded.value.state : undefined };
      }
      return !last.application || isUsed(last.application, key, fingerprint);
    });
  }
}

const isUsed = ({ status, secrets, revisions }: Application, key: string, fingerprint: string): boolean =>
  status !== 'deleted' &&
  (secrets.get(key)?.fingerprint === fingerprint ||
    revisions.some((revision) => revision.secrets?.[key]?.fingerprint === fingerprint));
