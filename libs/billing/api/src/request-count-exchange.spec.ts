import { exchangeRequestCountsRequest } from '#billing/contract';
import type { Bus } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { domainError, silentLogger, type Logger } from '#kernel';
import { manualClock, sequenceIds } from '#testing';
import { exchangeRequestCounts } from './request-count-exchange.ts';

type Exchange = typeof exchangeRequestCountsRequest;

const settled = () => new Promise(setImmediate);

/** Runs the exchange of one gateway with a bus that answers as the state says. */
function context() {
  const clock = manualClock();
  const stopping = new AbortController();
  const sent: InputOf<Exchange>[] = [];
  const shared: OutputOf<Exchange>[] = [];
  const logged: string[] = [];
  const state = { gateways: 2, isUnavailable: false };
  const bus = {
    own: () => ({}),
    request: (_contract: unknown, input: InputOf<Exchange>) => {
      sent.push(input);
      if (!state.isUnavailable) return Promise.resolve({ ok: true, value: { gateways: state.gateways, counts: [] } });
      return sent.length % 2
        ? Promise.reject(new Error('away'))
        : Promise.resolve({ ok: false, error: domainError('bus/timeout', 'unavailable', 'Away.') });
    },
  } as unknown as Bus; // the two functions that are used
  const note = (level: string) => (_fields: unknown, message: string) => void logged.push(`${level} ${message}`);
  const logger: Logger = { ...silentLogger, info: note('info'), warn: note('warn') };
  const counts = {
    report: (callers: number) => [{ caller: `key ${callers}`, used: 60, endsInMs: 1_000 }],
    share: (answer: OutputOf<Exchange>) => void shared.push(answer),
  };
  const ended = exchangeRequestCounts({ bus, clock, ids: sequenceIds(), logger, counts, signal: stopping.signal });
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { state, sent, shared, logged, stopping, ended, advance };
}

describe('the exchange of counts with other gateways', () => {
  it('reports every half second, under a name that is new at each start', async () => {
    const { sent, shared, advance } = context();
    await settled();
    expect(exchangeRequestCountsRequest.input.parse(sent[0])).toEqual(sent[0]);
    expect(sent[0]?.counts).toEqual([{ caller: 'key 1000', used: 60, endsInMs: 1_000 }]);
    await advance(499);
    expect(sent).toHaveLength(1);
    await advance(1);
    expect(sent.map(({ gateway }) => gateway)).toEqual([sent[0]?.gateway, sent[0]?.gateway]);
    expect(shared).toHaveLength(2);
  });

  it('is less frequent while the gateway is the only one', async () => {
    const { state, sent, advance } = context();
    state.gateways = 1;
    await settled();
    await advance(500);
    expect(sent).toHaveLength(2); // the first answer named two gateways
    await advance(4_999);
    expect(sent).toHaveLength(2);
    await advance(1);
    expect(sent).toHaveLength(3);
  });

  it('continues while billing does not respond, and logs its loss and its return once', async () => {
    const { state, sent, shared, logged, advance } = context();
    await settled();
    state.isUnavailable = true;
    for (let retry = 0; retry < 5; retry++) await advance(500);
    expect([sent.length, shared.length]).toEqual([6, 1]);
    expect(logged).toEqual(['warn requests are counted by each gateway alone for now']);
    state.isUnavailable = false;
    await advance(500);
    await advance(500);
    expect(shared).toHaveLength(3);
    expect(logged.slice(1)).toEqual(['info requests are counted together with the other gateways again']);
  });

  it('ends with the process', async () => {
    const { sent, stopping, ended, advance } = context();
    await settled();
    stopping.abort();
    await ended;
    await advance(60_000);
    expect(sent).toHaveLength(1);
  });
});
