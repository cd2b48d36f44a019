import type { OffsetCommitResponse } from '../../../src/protocol/api/offset_commit.js';
import type { OffsetFetchResponse } from '../../../src/protocol/api/offset_fetch.js';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { ErrorCode } from '../../../src/protocol/errors.js';
import { WireClient } from '../../support/wire_client.js';
import type { Load, LoadContext } from './load.js';
import { isConnectionLoss } from './wire_producer.js';

const retriable: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
]);

/** Commits ever larger offsets of one group, and now and then asks what is committed. */
export class Committer implements Load {
  private stopping = false;
  private client: WireClient | undefined;
  private next = 0;
  private readonly running: Promise<void>;

  constructor(
    private readonly group: string,
    private readonly context: LoadContext,
  ) {
    this.running = context.watch(this.run());
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.client?.close();
  }

  private async run(): Promise<void> {
    let asked = false;
    while (!this.stopping || !asked) {
      asked = false;
      try {
        this.client ??= await this.connect();
        await this.commit(this.client);
        asked = await this.ask(this.client);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        this.client?.close();
        this.client = undefined;
      }
      await this.context.pause(20);
    }
  }

  private async connect(): Promise<WireClient> {
    const client = await WireClient.connect(this.context.port, this.group);
    // The first one who asks has the topic of the offsets created.
    await client.send(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [this.group] });
    return client;
  }

  private async commit(client: WireClient): Promise<void> {
    const { context, group } = this;
    this.next += 1;
    const offset = this.next;
    const response = await client.send<OffsetCommitResponse>(ApiKey.OffsetCommit, 8, {
      groupId: group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [
        {
          name: context.topic,
          partitions: Array.from({ length: context.partitions }, (_, partitionIndex) => ({
            partitionIndex,
            committedOffset: offset,
            committedLeaderEpoch: -1,
            committedMetadata: '',
          })),
        },
      ],
    });
    for (const { partitionIndex, errorCode } of response.topics[0]?.partitions ?? []) {
      if (errorCode === ErrorCode.NONE) {
        context.record({ kind: 'commit', group, partition: partitionIndex, offset });
        context.commits += 1;
      } else if (!retriable.has(errorCode)) throw new Error(`${group}: commit answered ${errorCode}`);
    }
  }

  /** False when the group is not loaded yet. */
  private async ask(client: WireClient): Promise<boolean> {
    const { context, group } = this;
    const { groups } = await client.send<OffsetFetchResponse>(ApiKey.OffsetFetch, 8, {
      groups: [
        {
          groupId: group,
          topics: [{ name: context.topic, partitionIndexes: Array.from({ length: context.partitions }, (_, i) => i) }],
        },
      ],
      requireStable: true,
    });
    const [answer] = groups;
    if (answer === undefined || retriable.has(answer.errorCode)) return false;
    if (answer.errorCode !== ErrorCode.NONE) throw new Error(`${group}: OffsetFetch answered ${answer.errorCode}`);
    for (const { partitionIndex, committedOffset } of answer.topics[0]?.partitions ?? [])
      context.record({ kind: 'committed', group, partition: partitionIndex, offset: committedOffset });
    return true;
  }
}
