import { encodeBatch } from '../../src/records/index.js';
import type { PartitionLog } from '../../src/storage/partition_log.js';
import { Prng } from './prng.js';

/** Appends what transactional producers send: `steps` batches and markers of four producers, chosen by `seed`. */
export function writeTransactions(log: PartitionLog, steps: number, seed: number): void {
  const random = new Prng(seed);
  const open = new Set<number>();
  const sequences = new Map<number, number>();
  const nowMs = 1_700_000_000_000;
  const context = { leaderEpoch: 0, nowMs, produceVersion: 11 };
  for (let step = 0; step < steps; step += 1) {
    const producerId = 1000 + random.below(4);
    if (open.has(producerId) && random.below(3) === 0) {
      const type = random.below(2) === 0 ? 'COMMIT' : 'ABORT';
      const marker = { type, producerId, producerEpoch: 0, coordinatorEpoch: 1, transactionVersion: 1 } as const;
      expectAppended(log.appendMarker(marker, context));
      open.delete(producerId);
      continue;
    }
    const baseSequence = sequences.get(producerId) ?? 0;
    const count = 1 + random.below(3);
    sequences.set(producerId, baseSequence + count);
    const records = Array.from({ length: count }, () => ({
      timestampMs: nowMs + step,
      key: Buffer.from(`key-${random.below(20)}`),
      value: Buffer.from(`value-${step}`),
    }));
    const batch = encodeBatch({ records, producerId, producerEpoch: 0, baseSequence, isTransactional: true });
    expectAppended(log.appendAsLeader(batch, context));
    open.add(producerId);
  }
}

function expectAppended(result: { readonly errorCode: number }): void {
  if (result.errorCode !== 0) throw new Error(`append: error ${result.errorCode}`);
}
