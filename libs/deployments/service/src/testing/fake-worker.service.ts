import { createHash } from 'node:crypto';
import type { OutputOf } from '#bus/contract';
import {
  claimAttemptRequest,
  finishAttemptRequest,
  putRecordRequest,
  RECORD_PART_BYTES,
  reportStepRequest,
  rolloutQueue,
  type InventoryEntry,
  type RolloutTask,
} from '#deployments/contract';
import type { WorkQueue } from '#work-queue';
import type { TestPlatform } from './test-platform.module.ts';

type Claimed = OutputOf<typeof claimAttemptRequest>;
/** An item of the rollout queue. */
export interface Item {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly attemptId: string;
}

/** Acts as a worker of the rollout contract, step by step, so that a spec can stop anywhere. */
export class FakeWorker {
  constructor(
    private readonly platform: TestPlatform,
    private readonly queue: WorkQueue,
    readonly worker = 'worker-1',
    readonly incarnation = 'i-1',
  ) {}

  /** Returns the next item of the queue. */
  async next(): Promise<Item> {
    const { promise, resolve } = Promise.withResolvers<Item>();
    const stop = await this.queue.work(
      rolloutQueue,
      async (delivery) => {
        await delivery.acknowledge();
        resolve(delivery.item);
      },
      { concurrency: 1 },
    );
    const item = await promise;
    await stop();
    return item;
  }

  async claim(item: Item): Promise<Claimed> {
    const answer = await this.platform.ask(
      claimAttemptRequest,
      { ...item, worker: this.worker, incarnation: this.incarnation },
      this.platform.service('deploy-worker', item.organizationId),
    );
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.value;
  }

  async granted(item: Item): Promise<{ readonly claim: number; readonly task: RolloutTask }> {
    const claimed = await this.claim(item);
    if (!claimed.granted) throw new Error(claimed.reason);
    return claimed;
  }

  report(item: Item, claim: number, step: Parameters<typeof reportStepRequest.input.parse>[0]) {
    const input = reportStepRequest.input.parse({ ...item, claim, step });
    return this.platform.ask(reportStepRequest, input, this.platform.service('deploy-worker', item.organizationId));
  }

  /** Stores a vault record. */
  async store(name: string, text: string): Promise<void> {
    const value = Buffer.from(text);
    const digest = createHash('sha256').update(value).digest('hex');
    const parts = Math.ceil(value.length / RECORD_PART_BYTES);
    for (let part = 0; part < parts; part++) {
      const bytes = value.subarray(part * RECORD_PART_BYTES, (part + 1) * RECORD_PART_BYTES).toString('base64');
      const input = { name, part, parts, digest, bytes };
      const stored = await this.platform.ask(putRecordRequest, input, this.platform.service('deploy-worker'));
      if (!stored.ok) throw new Error(stored.error.code);
    }
  }

  plan(item: Item, claim: number, inventory: readonly InventoryEntry[], rendered = 'rendered/1') {
    const changes = inventory.map(({ kind, name }) => ({
      object: `${kind}/${name}`,
      action: 'create',
      fields: [],
      takesBackFrom: null,
    }));
    return this.report(item, claim, {
      step: 'planned',
      plan: { rendered, digest: 'd1', changes, inventory, warnings: [] },
    });
  }

  succeed(item: Item, claim: number, inventory: InventoryEntry[] = [], more: object = {}) {
    return this.finish(item, claim, {
      outcome: 'succeeded',
      message: 'all pods ready',
      inventory,
      endpoint: null,
      replicas: '1/1',
      ...more,
    });
  }

  fail(item: Item, claim: number, more: object = {}) {
    return this.finish(item, claim, {
      outcome: 'failed',
      code: 'deployments/image-not-found',
      message: 'pod/web cannot pull its image',
      fix: null,
      applied: true,
      inventory: [],
      serving: null,
      ...more,
    });
  }

  supersede(item: Item, claim: number) {
    return this.finish(item, claim, { outcome: 'superseded' });
  }

  private finish(item: Item, claim: number, outcome: object) {
    const input = finishAttemptRequest.input.parse({ ...item, claim, outcome });
    return this.platform.ask(finishAttemptRequest, input, this.platform.service('deploy-worker', item.organizationId));
  }

  /** Processes the next item completely. */
  async deploy(inventory: InventoryEntry[] = []): Promise<Item> {
    const item = await this.next();
    const { claim } = await this.granted(item);
    await this.plan(item, claim, inventory);
    await this.succeed(item, claim, inventory);
    return item;
  }
}
