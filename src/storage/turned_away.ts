import type { BatchInfo } from '../common/ports/index.js';
import { decodeBatchHeader, RecordBatchError } from '../records/index.js';

type Sender = Pick<BatchInfo, 'producerId' | 'producerEpoch' | 'baseSequence'>;

/** Producers remembered per log; whoever is forgotten is judged by its sequences alone. */
const maxProducers = 1024;

/**
 * Batches refused because the disk was full, or because the log was not loaded yet. What a producer had sent ahead arrives behind the refused batch, perhaps at the moment
 * when there is room again: the first one refused is the next one taken. A producer that the log does not know yet may begin with any
 * sequence (KIP-98), and would lose its order otherwise; to one that it knows, OUT_OF_ORDER_SEQUENCE_NUMBER would be told, which
 * ended librdkafka 2.0.2 for good.
 */
export class TurnedAway {
  private readonly first = new Map<number, { readonly producerEpoch: number; readonly baseSequence: number }>();

  add({ producerId, producerEpoch, baseSequence }: Sender): void {
    const known = this.first.get(producerId);
    if (known !== undefined && known.producerEpoch >= producerEpoch) return;
    this.first.delete(producerId);
    this.first.set(producerId, { producerEpoch, baseSequence });
    if (this.first.size <= maxProducers) return;
    for (const oldest of this.first.keys()) {
      this.first.delete(oldest);
      return;
    }
  }

  /** The same, for a partition that has no log yet. What is no batch is refused by the log as well: nothing has to wait for it. */
  addUnread(bytes: Uint8Array): void {
    try {
      const header = decodeBatchHeader(bytes);
      if (header.producerId >= 0) this.add(header);
    } catch (error) {
      if (!(error instanceof RecordBatchError)) throw error;
    }
  }

  /** Whether the batch was sent behind one that has not come again. */
  isAhead({ producerId, producerEpoch, baseSequence }: Sender): boolean {
    const refused = this.first.get(producerId);
    if (refused === undefined) return false;
    return refused.producerEpoch === producerEpoch && refused.baseSequence !== baseSequence;
  }

  /** A batch of this producer is in the log, new or as one sent again: from here on its sequences are checked. */
  taken(producerId: number): void {
    this.first.delete(producerId);
  }
}
