import { CLOCK, formatSeconds, position, type Clock } from '#kernel';
import { READ_STORE, type Collection, type ReadStore } from '#read-store';
import { Inject, Injectable } from '@nestjs/common';

export const LAST_LOGINS = Symbol('last logins');

const collection: Collection = { name: 'user-logins.v1', indexes: [] };

/** Records when users last sent a request with a login, to the minute. No event: if it is lost, views show no time. */
@Injectable()
export class LastLogins {
  private ready: Promise<void> | undefined;

  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async note(userId: string): Promise<void> {
    await this.open();
    const minute = Math.floor(this.clock.now() / 60_000);
    const at = formatSeconds(minute * 60_000);
    await this.store.apply([
      { collection: collection.name, id: userId, position: position('lastlogin', minute), document: { at } },
    ]);
  }

  async of(userId: string): Promise<string | null> {
    await this.open();
    return (await this.store.get<{ readonly at: string }>(collection.name, userId))?.document.at ?? null;
  }

  async forget(userId: string): Promise<void> {
    await this.open();
    const minute = Math.floor(this.clock.now() / 60_000);
    const at = position('lastlogin', minute + 1); // after every login that was noted
    await this.store.apply([{ collection: collection.name, id: userId, position: at, removed: true }]);
  }

  private open(): Promise<void> {
    this.ready ??= this.store.ensure(collection).catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    return this.ready;
  }
}
