import type { Clock, Timer } from '#kernel';
import type { ReadStore } from '#read-store';

/** A lease, which is renewed until it is released. */
export interface Lease {
  readonly token: number;
  /** Returns false once it may have expired, on the monotonic clock since before the last renewal was requested. */
  isHeld(): boolean;
  /** Releases the lease immediately. */
  release(): Promise<void>;
}

/** Duration of a lease in milliseconds: how long other processes wait for a leader that crashed. */
const LEASE_MS = 3_000;
const RENEW_MS = 1_000;
/** Milliseconds in which other processes can take over from a leader that cannot continue. */
export const HALTED_MS = 5_000;

/**
 * Acquires the lease of `name`, unless another owner holds it.
 *
 * @param onLost called once if it could not be renewed
 */
export async function takeLease(
  readStore: ReadStore,
  clock: Clock,
  name: string,
  owner: string,
  onLost: () => void,
): Promise<Lease | undefined> {
  let renewedMs = clock.monotonic();
  const token = await readStore.lease(name, owner, clock.now(), LEASE_MS);
  if (token === undefined) return undefined;
  let timer: Timer | undefined;
  let isOver = false;
  let renewing: Promise<void> = Promise.resolve();

  const isHeld = () => !isOver && clock.monotonic() - renewedMs < LEASE_MS;
  const lose = () => {
    if (isOver) return;
    isOver = true;
    onLost();
  };
  const renew = async () => {
    const requestedMs = clock.monotonic();
    try {
      if ((await readStore.lease(name, owner, clock.now(), LEASE_MS)) !== token) return lose();
      renewedMs = requestedMs;
    } catch {
      if (!isHeld()) return lose(); // until it expires, the store may recover
    }
    if (!isOver) timer = clock.timer(RENEW_MS, tick);
  };
  const tick = () => {
    renewing = renew();
  };
  timer = clock.timer(RENEW_MS, tick);

  return {
    token,
    isHeld,
    async release() {
      isOver = true;
      timer?.cancel();
      await renewing;
      await readStore.release(name, owner);
    },
  };
}
