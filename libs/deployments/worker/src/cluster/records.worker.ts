import { webcrypto } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { BUS, type Bus } from '#bus';
import { getRecordRequest, putRecordRequest, RECORD_PART_BYTES } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { VaultUnavailableError } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Access of the worker to the vault, through deployments. A vault implements this interface too. */
export interface WorkerRecords {
  /** @throws VaultUnavailableError */
  get(name: string): Promise<{ readonly value: Uint8Array } | undefined>;
  /** @throws VaultUnavailableError if it is unknown whether the record was stored */
  put(
    name: string,
    value: Uint8Array,
    options?: { readonly expected?: 'absent' },
  ): Promise<Result<unknown, DomainError>>;
}

/** Injection token of `WorkerRecords`. */
export const WORKER_RECORDS = Symbol('worker records');

/** Reads and writes records by requests to deployments, in parts if they are large. */
@Injectable()
export class RequestedRecords implements WorkerRecords {
  constructor(@Inject(BUS) private readonly bus: Bus) {}

  async get(name: string): Promise<{ readonly value: Uint8Array } | undefined> {
    const first = await this.part(name, 0);
    if (!first) return undefined;
    const parts = [Buffer.from(first.bytes, 'base64')];
    for (let part = 1; part < first.parts; part++) {
      const next = await this.part(name, part);
      if (next?.version !== first.version)
        throw new VaultUnavailableError(`The record ${name} changed while it was read.`);
      parts.push(Buffer.from(next.bytes, 'base64'));
      await turn();
    }
    return { value: Buffer.concat(parts) };
  }

  async put(
    name: string,
    value: Uint8Array,
    { expected }: { readonly expected?: 'absent' } = {},
  ): Promise<Result<unknown, DomainError>> {
    const parts = Math.max(1, Math.ceil(value.length / RECORD_PART_BYTES));
    // Asynchronous, and with other work between the parts, since a record may have 20 MB.
    const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', new Uint8Array(value))).toString('hex');
    for (let part = 0; part < parts; part++) {
      const bytes = value.subarray(part * RECORD_PART_BYTES, (part + 1) * RECORD_PART_BYTES);
      const input = { name, part, parts, digest, bytes: Buffer.from(bytes).toString('base64') };
      const answer = await this.bus.request(
        putRecordRequest,
        { ...input, ...(expected !== undefined && { expected }) },
        this.bus.own({ timeoutMs: putRecordRequest.timeoutMs }),
      );
      if (!answer.ok && answer.error.kind === 'conflict') return err(answer.error);
      if (!answer.ok) throw failure(name, answer.error);
      await turn();
    }
    return ok(undefined);
  }

  private async part(name: string, part: number) {
    const own = this.bus.own({ timeoutMs: getRecordRequest.timeoutMs });
    const answer = await this.bus.request(getRecordRequest, { name, part }, own);
    if (!answer.ok) throw failure(name, answer.error);
    return answer.value.record;
  }
}

/** Unavailable records can be retried. All other errors are defects. */
const failure = (name: string, { code, kind }: DomainError): Error =>
  kind === 'unavailable'
    ? new VaultUnavailableError(`The record ${name} cannot be reached (${code}).`)
    : new Error(`the record ${name} was refused: ${code}`);
