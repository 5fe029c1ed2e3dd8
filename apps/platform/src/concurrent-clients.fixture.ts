import { setTimeout as pause } from 'node:timers/promises';
import { call, eventually } from '#testing';
import { z } from 'zod';
import { isLinearizable, staleReads, type Change, type Model, type Operation } from './linearizable.fixture.ts';

/** An organization, as clients reach it. */
export interface Target {
  /** Addresses of the gateways that the clients use, or of the platform. */
  readonly urls: readonly string[];
  readonly organizationId: string;
  /** Credential of the commands. */
  readonly credential: string;
}

/** Answers to wait for before and after a change. */
const ENOUGH = 20;
/** Pause of a client between two requests, so that it stays below 600 requests a minute. */
const PACE_MS = 50;

const refused = z.looseObject({ code: z.string() });
const identified = z.looseObject({ id: z.string() });
const removal = z.looseObject({ removed: z.boolean() });

type KeyCommand = 'rotate' | 'revoke';
type MemberCommand = 'set' | 'change' | 'remove';

/** What clients see of one access key. */
const ofKey: Model<'active' | 'rotated' | 'revoked', KeyCommand, string> = {
  initial: 'active',
  apply(state, command) {
    if (command === 'revoke') return { state: 'revoked', outcome: 'done' };
    if (state === 'active') return { state: 'rotated', outcome: 'done' };
    return { state, outcome: state === 'rotated' ? 'access-keys/already-rotated' : 'access-keys/not-found' };
  },
};

/** What clients see of one membership. `change` sets the role of a member only. */
const ofMember: Model<'absent' | 'present', MemberCommand, string> = {
  initial: 'absent',
  apply(state, command) {
    if (command === 'set') return { state: 'present', outcome: 'done' };
    if (command === 'change') return { state, outcome: state === 'present' ? 'done' : 'organization/no-such-member' };
    return { state: 'absent', outcome: state === 'present' ? 'done' : 'nothing to remove' };
  },
};

/** Sends a command and records what the client saw. Without a clear answer, it may have been carried out. */
async function recordOf<Command>(
  command: Command,
  send: () => ReturnType<typeof call>,
  outcomeOf: (body: unknown) => string = () => 'done',
): Promise<Operation<Command, string>> {
  const sentMs = performance.now();
  try {
    const { status, body } = await send();
    const answeredMs = performance.now();
    if (status >= 500) return { command, sentMs, answeredMs: Infinity };
    return { command, sentMs, answeredMs, outcome: status < 300 ? outcomeOf(body) : refused.parse(body).code };
  } catch {
    return { command, sentMs, answeredMs: Infinity };
  }
}

/** Runs clients at the same time, each with its commands one after the other, at the next address in turn. */
async function concurrently<Command>(
  urls: readonly string[],
  clients: readonly (readonly Command[])[],
  send: (url: string, command: Command) => Promise<Operation<Command, string>>,
): Promise<readonly Operation<Command, string>[]> {
  const histories = clients.map(async (commands, index) => {
    const seen: Operation<Command, string>[] = [];
    for (const command of commands) seen.push(await send(urls[index % urls.length] ?? '', command));
    return seen;
  });
  return (await Promise.all(histories)).flat();
}

/** Rotates and revokes a new key from several clients, and expects answers that one order of the commands explains. */
export async function expectLinearizableKey({ urls, organizationId, credential }: Target): Promise<void> {
  const keys = `/v1/organizations/${organizationId}/access-keys`;
  const made = await call(urls[0] ?? '', `POST ${keys}`, { credential, body: { name: 'concurrent' } });
  const { id } = identified.parse(made.body);
  const clients: KeyCommand[][] = [
    ['rotate', 'revoke', 'rotate'],
    ['rotate', 'rotate', 'rotate'],
    ['rotate', 'rotate', 'revoke'],
  ];
  const successors: string[] = [];
  const operations = await concurrently(urls, clients, (url, command) =>
    command === 'revoke'
      ? recordOf(command, () => call(url, `DELETE ${keys}/${id}`, { credential }))
      : recordOf(
          command,
          () => call(url, `POST ${keys}/${id}/rotate`, { credential, body: {} }),
          (body) => {
            successors.push(identified.parse(body).id);
            return 'done';
          },
        ),
  );
  expect({ isLinearizable: isLinearizable(ofKey, operations), operations }).toMatchObject({ isLinearizable: true });
  expect(operations.some(({ outcome }) => outcome === 'done')).toBe(true);
  expect(successors.length).toBeLessThanOrEqual(1);
  for (const successor of successors) await call(urls[0] ?? '', `DELETE ${keys}/${successor}`, { credential });
}

/**
 * Adds, changes, and removes a member from several clients, and expects answers that one order of the commands explains.
 *
 * @param userId a user who is not a member
 */
export async function expectLinearizableMembership(
  { urls, organizationId, credential }: Target,
  userId: string,
): Promise<void> {
  const member = `/v1/organizations/${organizationId}/members/${userId}`;
  const bodies = { set: { role: 'viewer' }, change: { role: 'editor', add: false } };
  const clients: MemberCommand[][] = [
    ['set', 'remove', 'change'],
    ['change', 'set', 'remove'],
    ['remove', 'change', 'set'],
  ];
  const operations = await concurrently(urls, clients, (url, command) =>
    command === 'remove'
      ? recordOf(
          command,
          () => call(url, `DELETE ${member}`, { credential }),
          (body) => (removal.parse(body).removed ? 'done' : 'nothing to remove'),
        )
      : recordOf(command, () => call(url, `PUT ${member}`, { credential, body: bodies[command] })),
  );
  expect({ isLinearizable: isLinearizable(ofMember, operations), operations }).toMatchObject({ isLinearizable: true });
  expect(operations.some(({ outcome }) => outcome === 'done')).toBe(true);
  await call(urls[0] ?? '', `DELETE ${member}`, { credential });
}

/** Repeats a request at every address until `stop` is called. */
function repeat(urls: readonly string[], route: string, credential: string) {
  const seen: {
    readonly url: string;
    readonly status: number;
    readonly sentMs: number;
    readonly answeredMs: number;
  }[] = [];
  let isOver = false;
  const client = async (url: string) => {
    while (!isOver) {
      const sentMs = performance.now();
      const { status } = await call(url, route, { credential });
      seen.push({ url, status, sentMs, answeredMs: performance.now() });
      await pause(PACE_MS);
    }
  };
  const clients = urls.flatMap((url) => [client(url), client(url)]);
  return {
    seen,
    /** Waits for this many answers with the status, to requests sent after a time, from each address. */
    hasAnswered: (isExpected: (status: number) => boolean, afterMs = 0) =>
      eventually(() => {
        for (const address of urls)
          expect(
            seen.filter(({ url, status, sentMs }) => url === address && isExpected(status) && sentMs > afterMs).length,
          ).toBeGreaterThan(ENOUGH);
      }, 60_000),
    stop: () => {
      isOver = true;
      return Promise.all(clients);
    },
  };
}

/** Revokes a key, with itself, while clients use it. @returns the requests that were accepted after the response */
export async function acceptedAfterRevocation({ urls, organizationId, credential }: Target, keyId: string) {
  const use = repeat(urls, 'GET /v1/me', credential);
  try {
    await use.hasAnswered((status) => status === 200);
    const path = `DELETE /v1/organizations/${organizationId}/access-keys/${keyId}`;
    expect((await call(urls[0] ?? '', path, { credential })).status).toBe(200);
    const answeredMs = performance.now();
    await use.hasAnswered((status) => status === 401, answeredMs);
    return use.seen.filter(({ status, sentMs }) => status === 200 && sentMs > answeredMs);
  } finally {
    await use.stop();
  }
}

/** Adds and removes a member, who reads the organization. @returns the reads that succeeded after a removal */
export async function readsAfterRemoval(
  { urls, organizationId, credential }: Target,
  member: { readonly userId: string; readonly credential: string },
) {
  const members = `/v1/organizations/${organizationId}/members`;
  const changes: Change[] = [];
  const use = repeat(urls, `GET ${members}`, member.credential);
  try {
    for (const value of ['member', 'none', 'member', 'none']) {
      const sentMs = performance.now();
      const { status } =
        value === 'member'
          ? await call(urls[0] ?? '', `PUT ${members}/${member.userId}`, { credential, body: { role: 'viewer' } })
          : await call(urls[0] ?? '', `DELETE ${members}/${member.userId}`, { credential });
      const answeredMs = performance.now();
      expect(status).toBeLessThan(300);
      changes.push({ value, sentMs, answeredMs });
      await use.hasAnswered((answer) => answer === (value === 'member' ? 200 : 404), answeredMs);
    }
  } finally {
    await use.stop();
  }
  const reads = use.seen.flatMap(({ status, sentMs, answeredMs }) =>
    status === 200 || status === 404 ? [{ value: status === 200 ? 'member' : 'none', sentMs, answeredMs }] : [],
  );
  return staleReads('none', changes, reads).filter(({ value }) => value === 'member');
}
