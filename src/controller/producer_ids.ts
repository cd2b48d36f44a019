import { keys } from '../metadata/keys.js';
import type { MetadataStore } from '../metadata/store.js';

/** Ids are taken from the store in blocks of so many, as in Kafka. */
const blockSize = 1000;

/**
 * Producer ids that are never given out twice: a block is written off in the store before its first id is used, so a crash loses
 * ids and never repeats one.
 */
export class ProducerIdAllocator {
  private nextId = 0;
  private end = 0;
  private taking: Promise<void> | undefined;

  constructor(private readonly store: MetadataStore) {}

  /** @throws MetadataStoreError */
  async next(): Promise<number> {
    while (this.nextId >= this.end) {
      this.taking ??= this.takeBlock().finally(() => {
        this.taking = undefined;
      });
      await this.taking;
    }
    const id = this.nextId;
    this.nextId += 1;
    return id;
  }

  private async takeBlock(): Promise<void> {
    for (;;) {
      const entry = await this.store.get(keys.producerIds);
      const start = Number(entry?.value ?? 0);
      const result = await this.store.txn(
        [{ key: keys.producerIds, version: entry?.version ?? 0 }],
        [{ put: keys.producerIds, value: String(start + blockSize) }],
      );
      if (!result.committed) continue;
      this.nextId = start;
      this.end = start + blockSize;
      return;
    }
  }
}
