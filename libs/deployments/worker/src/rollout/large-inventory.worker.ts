import { createHash } from 'node:crypto';
import { inventoryEntry, type InventoryEntry, type RolloutTask } from '#deployments/contract';
import { decodeText, encodeText } from '#vault';
import { z } from 'zod';
import type { WorkerRecords } from '../cluster/records.worker.ts';
import type { Run } from './run.worker.ts';

/** Most entries in a message: about 300 bytes each. */
const MAX_ENTRIES = 500;

/** Returns a list of objects for a report, or the vault record that contains it if it is too large for a message. */
export async function listed(
  { ports, task }: Run,
  entries: readonly InventoryEntry[],
): Promise<{ readonly entries: InventoryEntry[]; readonly inventoryRecord?: string }> {
  if (entries.length <= MAX_ENTRIES) return { entries: [...entries] };
  const bytes = encodeText(JSON.stringify(entries));
  const digest = createHash('sha256').update(bytes).digest('hex');
  const inventoryRecord = `rendered/${task.organizationId}/${task.applicationId}/inventory-${digest}`;
  await ports.records.put(inventoryRecord, bytes);
  return { entries: [], inventoryRecord };
}

/** Returns the task with its inventory, from the message or the vault. */
export async function withInventory(task: RolloutTask, records: WorkerRecords): Promise<RolloutTask> {
  if (task.inventoryRecord === undefined) return task;
  const record = await records.get(task.inventoryRecord);
  if (!record) throw new Error('the inventory of an attempt is not in the vault');
  return { ...task, inventory: z.array(inventoryEntry).parse(JSON.parse(decodeText(record.value))) };
}
