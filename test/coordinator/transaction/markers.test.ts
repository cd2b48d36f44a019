import { expect, it } from 'vitest';
import { MarkerQueue } from '../../../src/coordinator/transaction/markers.js';
import { VirtualTime } from '../../../src/env/virtual_time.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { MemoryLogger } from '../../../src/telemetry/index.js';

const ending = {
  transactionalId: 'a',
  producerId: 1,
  producerEpoch: 0,
  commit: true,
  transactionVersion: 2,
  partitions: [{ topic: 't', partitions: [0, 1, 2] }],
};

it('counts markers in flight, those whose partition cannot be written to, and ends the log did not take', async () => {
  const time = new VirtualTime();
  const answers = new Map([
    [0, ErrorCode.NONE],
    [1, ErrorCode.NOT_LEADER_OR_FOLLOWER],
    [2, ErrorCode.KAFKA_STORAGE_ERROR],
  ]);
  let taken = false;
  const queue = new MarkerQueue({
    timers: time,
    logger: new MemoryLogger(),
    writer: { write: async (_topic, partition) => answers.get(partition) ?? ErrorCode.NONE },
    coordinatorEpoch: () => 0,
    complete: async () => taken,
  });
  queue.add(0, ending);
  await time.advance(1);
  expect([queue.size, queue.counts]).toEqual([1, { inFlight: 2, unknownDestination: 2, appendRetries: 0 }]);
  answers.set(1, ErrorCode.NONE);
  await time.advance(2_000);
  expect(queue.counts).toEqual({ inFlight: 1, unknownDestination: 1, appendRetries: 0 });
  answers.set(2, ErrorCode.NONE);
  await time.advance(2_000);
  expect([queue.size, queue.counts]).toEqual([1, { inFlight: 0, unknownDestination: 0, appendRetries: 1 }]);
  taken = true;
  await time.advance(2_000);
  expect([queue.size, queue.counts]).toEqual([0, { inFlight: 0, unknownDestination: 0, appendRetries: 0 }]);
  answers.set(1, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  queue.add(0, ending);
  await time.advance(1);
  queue.stop(0);
  await time.advance(1);
  expect([queue.size, queue.counts]).toEqual([0, { inFlight: 0, unknownDestination: 0, appendRetries: 0 }]);
});
