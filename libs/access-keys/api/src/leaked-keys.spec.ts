import { createHash } from 'node:crypto';
import { Directory, type AccessKeyCreated, type AccessSource } from '#access';
import { keyInUrlRequest } from '#access-keys/contract';
import { busErrors, refuse, reply } from '#bus';
import { position } from '#kernel';
import { eventually, manualClock } from '#testing';
import { answeringBus } from '#testing/embedded';
import { createLeakedKeys } from './leaked-keys.ts';

const ORG = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Returns an access source whose directory has the key `known`. */
function accessTo(): AccessSource {
  const directory = new Directory();
  const created: AccessKeyCreated = {
    keyId: 'key_1',
    memberId: 'ada',
    memberKind: 'person',
    role: 'editor',
    name: 'ci',
    digest: digestOf('known'),
    masked: 'm',
    source: 'cli',
  };
  directory.apply({
    event: { type: 'access-key.created.v1', data: created },
    metadata: {
      id: 'e',
      stream: `keys-${ORG}`,
      revision: 0,
      position: position('teststore', 1),
      recordedAt: '2026-01-01T00:00:00.000Z',
      actor: 'ada',
      commandId: 'c',
      correlationId: 'c',
      causationId: 'c',
    },
  });
  return { current: () => Promise.resolve({ ok: true, value: directory }) };
}

describe('use-S12: keys in URLs', () => {
  const reported: unknown[] = [];
  let isUnavailable = false;
  const clock = manualClock();
  const bus = answeringBus('gateway', {
    [keyInUrlRequest.subject]: (input) => {
      reported.push(input);
      return isUnavailable ? refuse(busErrors.nobodyServes('access-keys')) : reply({ revoked: false });
    },
  });
  const leaked = createLeakedKeys({ bus, access: accessTo(), clock });
  const settled = () => new Promise(setImmediate);
  beforeEach(() => void reported.splice(0));

  it('are reported if they exist, again if the report failed, and otherwise once a minute', async () => {
    isUnavailable = true;
    leaked.found('known');
    await eventually(() => expect(reported).toEqual([{ organizationId: ORG, keyId: 'key_1' }]));
    await settled();
    isUnavailable = false;
    leaked.found('known');
    await eventually(() => expect(reported).toHaveLength(2));
    await settled();
    leaked.found('known');
    await settled();
    expect(reported).toHaveLength(2);
    clock.advance(60_001);
    leaked.found('known');
    await eventually(() => expect(reported).toHaveLength(3));
  });

  it('are not reported if they do not exist', async () => {
    leaked.found('unknown');
    await settled();
    expect(reported).toEqual([]);
  });
});
