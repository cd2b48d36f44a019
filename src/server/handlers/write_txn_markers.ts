import type { MarkerWriter } from '../../coordinator/transaction/markers.js';
import type { WriteTxnMarkersRequest, WriteTxnMarkersResponseInput } from '../../protocol/api/write_txn_markers.js';
import type { Handler } from '../handler.js';

/**
 * WriteTxnMarkers: ends transactions on partitions that this broker leads, on behalf of their coordinator or an administrator who
 * found a transaction without one. Answers when the markers are committed.
 */
export function writeTxnMarkersHandler(deps: {
  readonly markers: MarkerWriter;
}): Handler<WriteTxnMarkersRequest, WriteTxnMarkersResponseInput> {
  return async ({ markers: asked }) => ({
    markers: await Promise.all(
      asked
        .flatMap(withPartitions)
        .map(async ({ producerId, producerEpoch, transactionResult, coordinatorEpoch, topics, ...rest }) => {
          const marker = {
            type: transactionResult ? ('COMMIT' as const) : ('ABORT' as const),
            producerId,
            producerEpoch,
            coordinatorEpoch,
            transactionVersion: rest.transactionVersion,
          };
          const write = async (topic: string, partitionIndex: number) => ({
            partitionIndex,
            errorCode: await deps.markers.write(topic, partitionIndex, marker),
          });
          return {
            producerId,
            topics: await Promise.all(
              topics.map(async ({ name, partitionIndexes }) => ({
                name,
                partitions: await Promise.all(partitionIndexes.map((index) => write(name, index))),
              })),
            ),
          };
        }),
    ),
  });
}

type Marker = WriteTxnMarkersRequest['markers'][number];

/** What names no partition is not answered, as in Kafka. */
function withPartitions(marker: Marker): readonly Marker[] {
  const topics = marker.topics.filter(({ partitionIndexes }) => partitionIndexes.length > 0);
  return topics.length === 0 ? [] : [{ ...marker, topics }];
}
