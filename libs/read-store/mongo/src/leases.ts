import { oneAtATime, type Position } from '#kernel';
import { isDuplicateKey } from '#mongo';
import type { Checkpoint, CheckpointMove } from '#read-store';
import type { Connection, Model } from 'mongoose';
import { leasesOf, type LeaseDocument } from './models.ts';

/**
 * Leases and checkpoints, one document for each projection. Each change is one conditional update. Changes of this process
 * to one document are made one after the other: of two at the same time, servers that are not MongoDB may lose one.
 */
export class MongoLeases {
  private readonly leases: Model<LeaseDocument>;
  private readonly inTurn = oneAtATime();

  constructor(connection: Connection) {
    this.leases = leasesOf(connection);
  }

  lease(name: string, owner: string, nowMs: number, durationMs: number): Promise<number | undefined> {
    return this.inTurn(name, () => this.take(name, owner, nowMs, durationMs));
  }

  private async take(name: string, owner: string, nowMs: number, durationMs: number): Promise<number | undefined> {
    const untilMs = nowMs + durationMs;
    const held = await this.leases.findOne({ _id: { $eq: name } }).lean<LeaseDocument | null>();
    if (!held) return this.first(name, owner, untilMs);
    const isOwn = held.owner === owner;
    if (!isOwn && held.owner !== null && held.untilMs > nowMs) return undefined;
    const token = isOwn ? held.token : held.token + 1;
    // Matches only if no other process has changed it since it was read.
    const same = { _id: { $eq: name }, token: { $eq: held.token }, owner: { $eq: held.owner } };
    const taken = await this.leases.updateOne(isOwn ? same : { ...same, untilMs: { $eq: held.untilMs } }, {
      $set: { owner, untilMs, token },
    });
    return taken.matchedCount === 1 ? token : undefined;
  }

  private async first(name: string, owner: string, untilMs: number): Promise<number | undefined> {
    try {
      await this.leases.create({ _id: name, token: 1, owner, untilMs, position: null });
      return 1;
    } catch (error) {
      if (isDuplicateKey(error)) return undefined;
      throw error;
    }
  }

  async release(name: string, owner: string): Promise<void> {
    const own = { _id: { $eq: name }, owner: { $eq: owner } };
    await this.inTurn(name, async () => this.leases.updateOne(own, { $set: { owner: null } }));
  }

  async releaseEarlier(owner: string): Promise<void> {
    const name = owner.slice(0, owner.indexOf('/'));
    // `0` follows `/`.
    const earlier = [{ owner: { $eq: name } }, { owner: { $gte: `${name}/`, $lt: `${name}0`, $ne: owner } }];
    await this.leases.updateMany({ $or: earlier }, { $set: { owner: null } });
  }

  async checkpoint(name: string): Promise<Checkpoint | undefined> {
    const lease = await this.leases.findOne({ _id: { $eq: name } }).lean<LeaseDocument | null>();
    // The position was validated when it was written.
    return lease?.position ? { name, position: lease.position as Position, token: lease.token } : undefined;
  }

  async move({ name, token, previous, position }: CheckpointMove): Promise<boolean> {
    const held = { _id: { $eq: name }, token: { $eq: token }, position: { $eq: previous ?? null } };
    const moved = await this.inTurn(name, async () => this.leases.updateOne(held, { $set: { position } }));
    return moved.matchedCount === 1;
  }

  /** Keeps lease and token: if a token were issued twice, a former leader could move the new checkpoint. */
  async forgetCheckpoint(name: string): Promise<void> {
    await this.inTurn(name, async () => this.leases.updateOne({ _id: { $eq: name } }, { $set: { position: null } }));
  }
}
