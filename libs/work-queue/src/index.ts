export { WORK_QUEUE, WorkQueueUnavailableError, type DeadLetter, type Delivery, type WorkQueue } from './work-queue.ts';
export {
  checkDeduplicationKey,
  checkSubject,
  MAX_DEAD_LETTERS as DEAD_LETTERS_KEPT,
  encodeItem,
  ITEM_BYTES,
} from './limits.ts';
export { handleDelivery, type RawDelivery } from './handle-delivery.ts';
