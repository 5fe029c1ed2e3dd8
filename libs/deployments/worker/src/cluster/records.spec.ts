import { busErrors, refuse, reply } from '#bus';
import { putRecordRequest, RECORD_PART_BYTES, type getRecordRequest } from '#deployments/contract';
import type { InputOf } from '#bus/contract';
import { domainError } from '#kernel';
import { answeringBus } from '#testing/embedded';
import { VaultUnavailableError } from '#vault';
import { RequestedRecords } from './records.worker.ts';

type Get = InputOf<typeof getRecordRequest>;
type Put = InputOf<typeof putRecordRequest>;

const large = new Uint8Array(RECORD_PART_BYTES * 2 + 1).fill(7);
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const recordsOver = (answers: Parameters<typeof answeringBus>[1]) =>
  new RequestedRecords(answeringBus('deploy-worker', answers));

describe('records of the worker', () => {
  it('are read in parts if they are large', async () => {
    const records = recordsOver({
      'deployments.v1.records.get': ({ part }: Get) =>
        reply({
          record: {
            version: 3,
            parts: 3,
            bytes: base64(large.subarray(part * RECORD_PART_BYTES, (part + 1) * RECORD_PART_BYTES)),
          },
        }),
    });
    expect(Buffer.from((await records.get('rendered/o/a/d'))?.value ?? []).equals(large)).toBe(true);
  });

  it('are written in parts, each once, with the digest of all bytes', async () => {
    const sent: Put[] = [];
    const records = recordsOver({
      'deployments.v1.records.put': (input: Put) => {
        sent.push(input);
        return reply({});
      },
    });
    expect(await records.put('rendered/o/a/d', large)).toMatchObject({ ok: true });
    expect(sent.map(({ part, parts }) => `${part}/${parts}`)).toEqual(['0/3', '1/3', '2/3']);
    expect(new Set(sent.map(({ digest }) => digest)).size).toBe(1);
    expect(Buffer.concat(sent.map(({ bytes }) => Buffer.from(bytes, 'base64'))).equals(large)).toBe(true);
  });

  it('are absent if they do not exist; an empty record is not absent', async () => {
    const records = recordsOver({
      'deployments.v1.records.get': ({ name }: Get) =>
        reply({ record: name === 'resolved/empty' ? { version: 1, parts: 1, bytes: '' } : null }),
    });
    expect(await records.get('resolved/none')).toBeUndefined();
    expect((await records.get('resolved/empty'))?.value).toHaveLength(0);
  });

  it('are unavailable if they change while being read, or if nobody responds', async () => {
    const changing = recordsOver({
      'deployments.v1.records.get': ({ part }: Get) => reply({ record: { version: part, parts: 2, bytes: '' } }),
    });
    await expect(changing.get('rendered/o/a/d')).rejects.toBeInstanceOf(VaultUnavailableError);
    const away = recordsOver({
      'deployments.v1.records.get': () => refuse(busErrors.nobodyServes('deployments.v1.records.get')),
      'deployments.v1.records.put': () => refuse(busErrors.timeout('deployments.v1.records.put', 10_000)),
    });
    await expect(away.get('rendered/o/a/d')).rejects.toBeInstanceOf(VaultUnavailableError);
    await expect(away.put('rendered/o/a/d', large)).rejects.toBeInstanceOf(VaultUnavailableError);
  });

  it('report a conflict differently from a defect', async () => {
    const taken = recordsOver({
      'deployments.v1.records.put': () =>
        refuse(domainError('vault/conflict', 'conflict', 'There is such a record already.')),
    });
    expect(await taken.put('fingerprint-key/o', large.subarray(0, 1), { expected: 'absent' })).toMatchObject({
      ok: false,
      error: { code: 'vault/conflict' },
    });
    const closed = recordsOver({
      'deployments.v1.records.get': () => refuse(domainError('bus/services-only', 'forbidden', 'Not for workers.')),
    });
    await expect(closed.get('identity/key')).rejects.toThrow('bus/services-only');
  });
});
