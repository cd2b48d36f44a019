import { controlTypeOf, decodeBatch, type RecordBatchHeader } from '../records/index.js';
import type { AbortedTransaction } from './index_files.js';

/** Follows the transactions of a partition batch by batch, as a broker does when it appends them. */
export class TransactionReplay {
  private readonly open = new Map<number, number>();

  /** The transaction that this batch aborts, as `.txnindex` has it; undefined when it aborts none whose beginning was seen. */
  add(header: RecordBatchHeader, bytes: Uint8Array): AbortedTransaction | undefined {
    const { producerId, isTransactional, isControl, baseOffset } = header;
    if (!isTransactional) return undefined;
    if (!isControl) {
      if (!this.open.has(producerId)) this.open.set(producerId, baseOffset);
      return undefined;
    }
    const [record] = decodeBatch(bytes, { checkCrc: false }).records;
    const type = record === undefined ? undefined : controlTypeOf(record);
    if (record === undefined || (type !== 'ABORT' && type !== 'COMMIT')) return undefined;
    const firstOffset = this.open.get(producerId);
    this.open.delete(producerId);
    if (type === 'COMMIT' || firstOffset === undefined) return undefined;
    const lastOffset = record.offset;
    const stillOpen = [...this.open.values()];
    const lastStableOffset = stillOpen.length === 0 ? lastOffset + 1 : Math.min(...stillOpen);
    return { version: 0, producerId, firstOffset, lastOffset, lastStableOffset };
  }
}
