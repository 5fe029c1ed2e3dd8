import { createHash } from 'node:crypto';
import { getRecordRequest, putRecordRequest, RECORD_PART_BYTES } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { encodeText } from '#vault';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

const folder = temporaryFolder();
let platform: TestPlatform;
let queue: WorkQueue;

beforeAll(async () => {
  queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(folder, queue, {});
});
afterAll(async () => {
  await platform.close();
  await queue.close();
});

const worker = () => platform.service('deploy-worker');
const get = (name: string, part = 0) => platform.ask(getRecordRequest, { name, part }, worker());
const put = (name: string, whole: Uint8Array, part = 0, more: { readonly expected?: 'absent' } = {}) => {
  const bytes = whole.subarray(part * RECORD_PART_BYTES, (part + 1) * RECORD_PART_BYTES);
  const input = {
    name,
    part,
    parts: Math.max(1, Math.ceil(whole.length / RECORD_PART_BYTES)),
    digest: createHash('sha256').update(whole).digest('hex'),
    bytes: Buffer.from(bytes).toString('base64'),
  };
  return platform.ask(putRecordRequest, { ...input, ...more }, worker());
};
const names = async (prefix: string) => {
  const found: string[] = [];
  for await (const { name } of platform.engines.vault.list(prefix)) found.push(name);
  return found;
};

describe('vault records for workers', () => {
  const large = new Uint8Array(RECORD_PART_BYTES * 2 + 5).map((_, index) => index % 251);

  it('are only those that attempts need', async () => {
    for (const name of ['person/ada', 'issuer/keys', 'manifest/org-1/web', 'cluster-authority/c/1', 'rendered', '']) {
      await (name === '' ? Promise.resolve() : platform.engines.vault.put(name, encodeText('secret')));
      expect(await get(name)).toMatchObject({ error: { code: 'deployments/record-not-shared', kind: 'forbidden' } });
      expect(await put(name, encodeText('mine'))).toMatchObject({ error: { code: 'deployments/record-not-shared' } });
    }
    for (const name of ['cluster-credential/c/1', 'resolved/org-1/web']) {
      await platform.engines.vault.put(name, encodeText('kept'));
      expect(await get(name)).toMatchObject({
        value: { record: { parts: 1, bytes: Buffer.from('kept').toString('base64') } },
      });
      expect(await put(name, encodeText('mine'))).toMatchObject({ error: { code: 'deployments/record-not-shared' } });
    }
  });

  it('are read in parts, with null after the last part and for a missing record', async () => {
    await platform.engines.vault.put('rendered/o/a/large', large);
    const read: Buffer[] = [];
    for (const part of [0, 1, 2]) {
      const response = await get('rendered/o/a/large', part);
      if (!response.ok || !response.value.record) throw new Error(`part ${part} is missing`);
      expect(response.value.record.parts).toBe(3);
      read.push(Buffer.from(response.value.record.bytes, 'base64'));
    }
    expect(Buffer.concat(read).equals(large)).toBe(true);
    expect(await get('rendered/o/a/large', 3)).toMatchObject({ value: { record: null } });
    expect(await get('rendered/o/a/none')).toMatchObject({ value: { record: null } });
  });

  it('are stored with the last part, even if parts arrive twice, and leave no parts behind', async () => {
    for (const part of [0, 1, 1]) expect(await put('rendered/o/a/parts', large, part)).toMatchObject({ ok: true });
    expect(await platform.engines.vault.get('rendered/o/a/parts')).toBeUndefined();
    expect(await put('rendered/o/a/parts', large, 2)).toMatchObject({ ok: true });
    const stored = await platform.engines.vault.get('rendered/o/a/parts');
    expect(Buffer.from(stored?.value ?? []).equals(large)).toBe(true);
    expect(await names('record-part/')).toEqual([]);
  });

  it('are not stored if a part is missing or differs', async () => {
    expect(await put('rendered/o/a/torn', large, 0)).toMatchObject({ ok: true });
    expect(await put('rendered/o/a/torn', large, 2)).toMatchObject({
      error: { code: 'deployments/record-incomplete', kind: 'unavailable' },
    });
    expect(await put('rendered/o/a/torn', large, 1)).toMatchObject({ ok: true });
    const other = { name: 'rendered/o/a/torn', part: 2, parts: 3, bytes: Buffer.from('other').toString('base64') };
    const digest = createHash('sha256').update(large).digest('hex');
    expect(await platform.ask(putRecordRequest, { ...other, digest }, worker())).toMatchObject({
      error: { code: 'deployments/record-incomplete' },
    });
    expect(await platform.engines.vault.get('rendered/o/a/torn')).toBeUndefined();
  });

  it('keep the first of two keys that workers create at the same time', async () => {
    expect(await put('fingerprint-key/org-1', encodeText('first'), 0, { expected: 'absent' })).toMatchObject({
      ok: true,
    });
    expect(await put('fingerprint-key/org-1', encodeText('second'), 0, { expected: 'absent' })).toMatchObject({
      error: { code: 'vault/conflict', kind: 'conflict' },
    });
    expect(await get('fingerprint-key/org-1')).toMatchObject({
      value: { record: { bytes: Buffer.from('first').toString('base64') } },
    });
  });
});
