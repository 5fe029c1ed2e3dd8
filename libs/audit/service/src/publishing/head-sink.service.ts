import { createHash } from 'node:crypto';
import { access, constants, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IDS, type Ids } from '#kernel';
import { SERVICE_SETTINGS, type AuditSink, type ServiceSettings } from '#runtime';
import type { CheckResult } from '#runtime/contract';
import { Inject, Injectable } from '@nestjs/common';
import { AwsClient } from 'aws4fetch';

/** Effect of writing a text: `same` and `different` compare it with the one that was there already. */
export type Written = 'written' | 'same' | 'different';

/** Milliseconds until a request to a bucket is given up. */
const TIMEOUT_MS = 20_000;
/** Milliseconds until a check of a bucket is given up. */
const CHECK_MS = 3_000;
/** An object that does not exist. */
const NOTHING = 'check';
/** Code with which S3 answers for an object that does not exist to those who may not list the bucket. */
const HIDDEN = 'AccessDenied';

/**
 * The place outside the platform where heads and the list of erased people are kept: a folder, or an S3-compatible
 * bucket. Nothing is overwritten.
 */
@Injectable()
export class HeadSink {
  private readonly target: AuditSink | undefined;

  constructor(
    @Inject(SERVICE_SETTINGS)
    { configuration }: { readonly configuration: Pick<ServiceSettings['configuration'], 'auditSink'> },
    @Inject(IDS) private readonly ids: Ids,
  ) {
    this.target = configuration.auditSink;
  }

  /** Whether the settings name a place. */
  get isConfigured(): boolean {
    return this.target !== undefined;
  }

  /** Identifies the place among others, without revealing it. */
  get id(): string {
    const place = this.target?.kind === 's3' ? this.target.url : this.target?.path;
    return place === undefined ? 'none' : createHash('sha256').update(place).digest('hex').slice(0, 16);
  }

  /**
   * Writes a text, unless there is one of this name.
   *
   * @param name path below the folder or the bucket
   * @throws if the place does not respond or refuses; the message contains no secret
   */
  async write(name: string, note: string): Promise<Written> {
    if (this.target === undefined) throw new Error('ASTRO_AUDIT_SINK is not set');
    return this.target.kind === 'folder'
      ? this.toFolder(join(this.target.path, name), note)
      : toBucket(this.target, name, note);
  }

  /** Returns whether the place can be used, without writing an object to it. Never throws. */
  async check(): Promise<CheckResult> {
    const name = 'audit sink';
    if (this.target === undefined)
      return {
        name,
        status: 'warn',
        message: 'Signed heads of the audit log are not kept outside the platform.',
        fix: 'set ASTRO_AUDIT_SINK to a folder or an S3-compatible bucket',
      };
    const fault = this.target.kind === 'folder' ? await folderFault(this.target.path) : await bucketFault(this.target);
    if (fault === undefined)
      return { name, status: 'ok', message: 'The place for signed heads of the audit log can be used.', fix: null };
    if (fault === HIDDEN)
      return {
        name,
        status: 'warn',
        message: `The bucket for signed heads of the audit log refuses this check (${fault}), but may accept heads.`,
        fix: 'allow s3:ListBucket too, so that the check can tell, and check ASTRO_AUDIT_SINK',
      };
    return {
      name,
      status: 'failed',
      message: `The place for signed heads of the audit log cannot be used (${fault}).`,
      fix: 'check ASTRO_AUDIT_SINK and its permissions',
    };
  }

  private async toFolder(file: string, note: string): Promise<Written> {
    await mkdir(dirname(file), { recursive: true });
    const draft = `${file}.${this.ids.uuid()}`;
    await writeFile(draft, note, { flush: true });
    try {
      await link(draft, file); // fails if the file exists, and never shows a part of it
      return 'written';
    } catch (error) {
      if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST')) throw error;
      return compared(await readFile(file, 'utf8'), note);
    } finally {
      await rm(draft, { force: true });
    }
  }
}

async function folderFault(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  }
}

async function bucketFault(bucket: AuditSink & { readonly kind: 's3' }): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(CHECK_MS);
    const found = await clientOf(bucket).fetch(`${bucket.url}/${NOTHING}`, { redirect: 'error', signal });
    const text = await found.text();
    if (found.ok || found.status === 404) return undefined;
    return /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1] ?? `status ${found.status}`;
  } catch {
    return 'no reply';
  }
}

const clientOf = ({ accessKeyId, secretAccessKey, region }: AuditSink & { readonly kind: 's3' }): AwsClient =>
  new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });

/** Uses conditional writes (`If-None-Match: *`), which S3 and its compatible stores have. */
async function toBucket(bucket: AuditSink & { readonly kind: 's3' }, name: string, note: string): Promise<Written> {
  const { url } = bucket;
  const client = clientOf(bucket);
  const request = (method: string, more: RequestInit = {}): Promise<Response> =>
    client.fetch(`${url}/${name}`, { method, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), ...more });
  const put = await request('PUT', { body: note, headers: { 'content-type': 'text/plain', 'if-none-match': '*' } });
  await put.body?.cancel();
  if (put.ok) return 'written';
  if (put.status !== 412 && put.status !== 409) throw new Error(`the bucket responds ${put.status} to PUT`);
  const found = await request('GET');
  if (!found.ok) throw new Error(`the bucket responds ${found.status} to GET`);
  return compared(await found.text(), note);
}

/** Witnesses may have added signatures to the head that was written. */
const compared = (present: string, note: string): Written => (present.startsWith(note) ? 'same' : 'different');
