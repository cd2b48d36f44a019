import { type Admin, hasCode, throwFirst } from '../../client/index.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { FlushMode, WorkloadSettings } from './settings.js';

/** What a batch may be larger than its records by, in the topic's limit. */
const batchRoomBytes = 4096;
const kafkaDefaultLimitBytes = 1_048_588;

/**
 * A topic for one workload, limits wide enough for its batches.
 *
 * `flush`: Millrace has a config for it. Another broker has not: there `group` becomes `flush.messages=1`, a sync for each
 * append, and `os` is what it does anyway. Returns a note when that was needed.
 */
export async function createBenchTopic(
  admin: Admin,
  name: string,
  workload: Pick<WorkloadSettings, 'partitions' | 'flush'>,
  batchBytes: number,
): Promise<string | undefined> {
  const limit = { 'max.message.bytes': String(Math.max(kafkaDefaultLimitBytes, batchBytes + batchRoomBytes)) };
  const create = async (configs: Readonly<Record<string, string>>): Promise<void> => {
    const topic = { name, numPartitions: workload.partitions, replicationFactor: 1, configs: { ...limit, ...configs } };
    throwFirst(await admin.createTopics([topic]));
  };
  const { flush } = workload;
  let note: string | undefined;
  try {
    await create(flush === undefined ? {} : { 'millrace.flush.mode': flush });
  } catch (error) {
    if (flush === undefined || !hasCode(error, ErrorCode.INVALID_CONFIG)) throw error;
    await create(foreignFlush[flush]);
    note =
      flush === 'group'
        ? 'has no flush mode of its own: flush.messages=1 was set for it, a sync for each append'
        : undefined;
  }
  await admin.awaitTopics([name]);
  return note;
}

const foreignFlush: Readonly<Record<FlushMode, Readonly<Record<string, string>>>> = {
  group: { 'flush.messages': '1' },
  os: {},
};

/** Leaves nothing behind, and no failure: the broker may be gone. */
export async function deleteBenchTopics(admin: Admin, names: readonly string[]): Promise<void> {
  if (names.length > 0) await admin.deleteTopics(names).catch(() => undefined);
}
