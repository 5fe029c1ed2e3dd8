import { openEmbeddedEventStore } from '#event-store/embedded';
import { domainError, err, ok, type CommandContext, type DomainError, type Recorded, type Result } from '#kernel';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemIds as ids } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { createEventSourcing } from './create-event-sourcing.ts';
import { accountDecider, request, type AccountEvent } from './testdata/accounts.ts';
import { both, log, quickClock } from './testdata/surroundings.ts';
import { finishOrUndo, ownerFirst, Resumption } from './two-streams.ts';

const taken = domainError('account/taken', 'conflict', 'Taken.');
const unavailable = domainError('store/away', 'unavailable', 'Away.');
const contended = domainError('event-sourcing/contended', 'conflict', 'Contended.');

/** Returns a command that records which of its parts ran. */
function command(outcomes: { start?: DomainError; finish?: DomainError; undo?: DomainError } = {}) {
  const ran: string[] = [];
  const part = async (name: keyof typeof outcomes): Promise<Result<string, DomainError>> => {
    ran.push(name);
    const refusal = outcomes[name];
    return refusal ? err(refusal) : ok(name);
  };
  return { ran, start: () => part('start'), finish: () => part('finish'), undo: () => part('undo') };
}

describe('a command over several streams', () => {
  it('writes the owning stream, then the rest', async () => {
    const good = command();
    expect(await ownerFirst(good)).toEqual(ok('finish'));
    expect(good.ran).toEqual(['start', 'finish']);
  });

  it('stops when the owning stream rejects it', async () => {
    const refused = command({ start: taken });
    expect(await ownerFirst(refused)).toEqual(err(taken));
    expect(refused.ran).toEqual(['start']);
  });

  it('undoes the first part when the rest is rejected permanently, and returns that error', async () => {
    const refused = command({ finish: taken });
    expect(await ownerFirst(refused)).toEqual(err(taken));
    expect(refused.ran).toEqual(['start', 'finish', 'undo']);
  });

  it.each([unavailable, contended])('remains begun while the rest may still succeed: $code', async (refusal) => {
    const cut = command({ finish: refusal });
    expect(await ownerFirst(cut)).toEqual(err(refusal));
    expect(cut.ran).toEqual(['start', 'finish']);
  });

  it('reports that it could not be undone, and retries that when it is resumed', async () => {
    const stuck = command({ finish: taken, undo: unavailable });
    expect(await ownerFirst(stuck)).toEqual(err(unavailable));
    expect(await finishOrUndo(stuck, 'begun')).toEqual(err(unavailable));
    expect(stuck.ran).toEqual(['start', 'finish', 'undo', 'finish', 'undo']);
  });
});

/** Records what it is asked to resume, and returns the given results. */
type Opened = Extract<AccountEvent, { readonly type: 'account.opened.v1' }>;
class Kept extends Resumption<AccountEvent, Opened['type']> {
  readonly name = 'kept.v1';
  readonly events = accountDecider.events;
  readonly types = ['account.opened.v1'] as const;
  override readonly delayMs = 30_000;
  readonly seen: { recorded: Recorded<Opened>; context: CommandContext; atMs: number }[] = [];

  constructor(
    private readonly nowMs: () => number,
    private readonly results: Result<unknown, DomainError>[],
  ) {
    super();
  }

  protected async resume(recorded: Recorded<Opened>, context: CommandContext) {
    this.seen.push({ recorded, context, atMs: this.nowMs() });
    return this.results.shift() ?? ok(undefined);
  }
}

describe('a resumption', () => {
  const folder = temporaryFolder();
  const clock = quickClock(200);

  it('runs with the original command after its delay, and again while the error is temporary', async () => {
    const stores = await both(
      openEmbeddedEventStore({ folder, clock, ids, log }),
      openEmbeddedReadStore({ folder, log }),
    );
    const sourcing = createEventSourcing({ ...stores, clock, ids, log });
    try {
      const kept = new Kept(clock.now, [err(unavailable), err(contended), err(taken)]);
      sourcing.reactors([kept]);
      const started = request('begun');
      await sourcing.commands.run(accountDecider, 'account-1', { is: 'open', owner: 'ada' }, started);
      await sourcing.commands.run(accountDecider, 'account-2', { is: 'open', owner: 'ada' }, request('next'));
      await eventually(async () => expect(kept.seen).toHaveLength(4));

      const streams = kept.seen.map(({ recorded }) => recorded.metadata.stream);
      expect(streams).toEqual(['account-1', 'account-1', 'account-1', 'account-2']); // a permanent error is a result
      const [first] = kept.seen;
      const { recordedAt, id } = first?.recorded.metadata ?? {};
      expect(first?.context).toEqual({ ...started, actor: { ...started.actor, kind: 'person' }, causationId: id });
      const early = 1_000; // the timer may fire 5 ms early, on a clock that runs 200 times as fast
      expect(first?.atMs).toBeGreaterThanOrEqual(Date.parse(recordedAt ?? '') + kept.delayMs - early);
    } finally {
      await sourcing.close();
      await stores.close();
    }
  });
});
