import type { Body, Connections } from './connection.js';

interface TopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** A member of a group of the consumer protocol that owns at once what it is assigned. */
export class ConsumerMember {
  private epoch = 0;
  private owned: readonly TopicPartitions[] = [];

  constructor(
    private readonly on: Connections,
    private readonly groupId: string,
    readonly memberId: string,
    private readonly wants: object,
  ) {}

  get memberEpoch(): number {
    return this.epoch;
  }

  /** One heartbeat that says everything. */
  async beat(): Promise<Body> {
    const answer = await this.on.until(this.memberId, 'ConsumerGroupHeartbeat', 1, {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      rebalanceTimeoutMs: 60_000,
      ...this.wants,
      topicPartitions: this.owned,
    });
    this.epoch = Number(answer.memberEpoch);
    const assignment = answer.assignment as { topicPartitions: TopicPartitions[] } | null;
    if (assignment !== null) this.owned = assignment.topicPartitions;
    return answer;
  }

  /** -1 leaves, -2 leaves for a while. */
  async leave(memberEpoch: -1 | -2): Promise<void> {
    const { groupId, memberId, wants } = this;
    await this.on.until(memberId, 'ConsumerGroupHeartbeat', 1, { groupId, memberId, memberEpoch, ...wants });
  }
}

/** A member of a streams group that owns at once what it is assigned. */
export class StreamsMember {
  private epoch = 0;
  private tasks: Record<'activeTasks' | 'standbyTasks' | 'warmupTasks', unknown> = {
    activeTasks: [],
    standbyTasks: [],
    warmupTasks: [],
  };

  constructor(
    private readonly on: Connections,
    private readonly groupId: string,
    readonly memberId: string,
    private readonly wants: object,
  ) {}

  async beat(): Promise<Body> {
    const { groupId, memberId, epoch: memberEpoch, wants, tasks } = this;
    const first = memberEpoch === 0 ? { rebalanceTimeoutMs: 60_000, clientTags: [], ...wants } : {};
    const answer = await this.on.until(memberId, 'StreamsGroupHeartbeat', 0, {
      ...{ groupId, memberId, memberEpoch, endpointInformationEpoch: 0 },
      ...first,
      ...tasks,
    });
    this.epoch = Number(answer.memberEpoch);
    const { activeTasks, standbyTasks, warmupTasks } = answer;
    if ((activeTasks ?? null) !== null) this.tasks = { activeTasks, standbyTasks, warmupTasks };
    return { ...answer, tasks: this.tasks };
  }

  async leave(): Promise<void> {
    const { groupId, memberId } = this;
    const body = { groupId, memberId, memberEpoch: -1, endpointInformationEpoch: 0 };
    await this.on.until(memberId, 'StreamsGroupHeartbeat', 0, body);
  }
}

/** Each beats in turn until nothing changes any more. */
export async function settle(...members: ReadonlyArray<{ beat(): Promise<Body> }>): Promise<void> {
  let before = '';
  for (let quiet = 0, round = 0; quiet < 4 && round < 100; round += 1) {
    const answers: unknown[] = [];
    for (const member of members) {
      const { memberEpoch, assignment, tasks, status } = await member.beat();
      answers.push([memberEpoch, assignment, tasks, status]);
    }
    const now = JSON.stringify(answers);
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
