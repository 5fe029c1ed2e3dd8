import { CALLERS_REPORTED, exchangeRequestCountsRequest } from '#billing/contract';
import { MESSAGE_BYTES } from '#bus';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import { openEmbedded, type Embedded } from '#testing/embedded';
import { RequestCountsHandlers } from './request-counts.handlers.ts';

const folder = temporaryFolder();
const ids = sequenceIds();

describe('the counts of several gateways', () => {
  let embedded: Embedded;
  const clock = manualClock();
  const [first, second, third] = [ids.uuid(), ids.uuid(), ids.uuid()];

  /** Reports to one of two processes of billing in turn. */
  const processes: RequestCountsHandlers[] = [];
  const exchange = async (gateway: string, counts: { caller: string; used: number; endsInMs: number }[] = []) => {
    const input = exchangeRequestCountsRequest.input.parse({ gateway, counts });
    const [process] = processes.reverse();
    clock.advance(1);
    const { value } = (await process?.exchange(input)) as { value: unknown };
    return exchangeRequestCountsRequest.output.parse(value);
  };

  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    for (let process = 0; process < 2; process++) processes.push(new RequestCountsHandlers(embedded.readStore, clock));
  });
  afterAll(() => embedded.close());

  it('are added up for each of them, without its own', async () => {
    expect(await exchange(first, [{ caller: 'key k', used: 100, endsInMs: 30_000 }])).toEqual({
      gateways: 1,
      counts: [],
    });
    await exchange(second, [{ caller: 'key k', used: 50, endsInMs: 20_000 }]);
    expect(await exchange(third)).toEqual({
      gateways: 3,
      counts: [{ caller: 'key k', used: 150, endsInMs: 19_999, gateways: 2 }],
    });
    expect(await exchange(first, [{ caller: 'key k', used: 200, endsInMs: 29_000 }])).toEqual({
      gateways: 3,
      counts: [{ caller: 'key k', used: 50, endsInMs: 19_998, gateways: 1 }],
    });
    expect((await exchange(third)).counts).toMatchObject([{ used: 250 }]);
  });

  it('do not count after the end of their window, or of their gateway', async () => {
    clock.advance(14_000);
    expect((await exchange(third)).gateways).toBe(3);
    expect((await exchange(second, [{ caller: 'key k', used: 60, endsInMs: 5_000 }])).gateways).toBe(3);
    clock.advance(4_000);
    expect(await exchange(third)).toMatchObject({ gateways: 2, counts: [{ used: 60 }] });
    clock.advance(1_000);
    expect(await exchange(third)).toEqual({ gateways: 2, counts: [] });
  });

  it('are removed after the end of a gateway', async () => {
    clock.advance(60_001);
    await exchange(third);
    expect(await embedded.readStore.count({ name: 'request-counts.v1', indexes: [] }, {})).toBe(1);
  });

  it('are answered in a message that the bus delivers, however many there are', async () => {
    for (let gateway = 0; gateway < 4; gateway++)
      await exchange(
        ids.uuid(),
        Array.from({ length: CALLERS_REPORTED }, (_, caller) => ({
          caller: `${gateway} ${caller} `.padEnd(220, 'k'),
          used: 1_000_000 + gateway,
          endsInMs: 60_000,
        })),
      );
    const { counts } = await exchange(first);
    expect(counts).toHaveLength(3_000);
    expect(counts.every(({ used }) => used > 1_000_000)).toBe(true); // the smallest were left out
    expect(JSON.stringify({ counts }).length).toBeLessThan(MESSAGE_BYTES);
  });
});
