import type { Clock, Timer } from '#kernel';
import type { ReadStore } from '#read-store';

/** A lead that was taken, kept by renewing. */
export interface Lease {
  readonly token: number;
  /** False once it may have run out: measured on the monotonic clock from before the last renewal was asked for. */
  isHeld(): boolean;
  /** Gives it up at once. */
  release(): Promise<void>;
}

/** Milliseconds that a lease runs: how long others wait for a leader that died. */
const LEASE_MS = 3_000;
const RENEW_MS = 1_000;
/** Milliseconds that others have to take a lead which this process gave up because it cannot read on. */
export const HALTED_MS = 5_000;

/**
 * Takes the lead of `name`, unless another owner has it.
 * @param onLost called once when it could not be renewed
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
    const asked = clock.monotonic();
    try {
      if ((await readStore.lease(name, owner, clock.now(), LEASE_MS)) !== token) return lose();
      renewedMs = asked;
    } catch {
      if (!isHeld()) return lose(); // until then the store may come back
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
