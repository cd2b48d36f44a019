import { type TopicPartition, topicPartitionName } from '../../common/ids.js';
import type { CompletedFetch } from './completed_fetch.js';

/** Fetches of one partition that may be buffered: one being handed out and one ahead. */
const maxBuffered = 2;

/** What the consumer knows of one assigned partition. */
export class PartitionState implements TopicPartition {
  /** The offset after the last record handed out; undefined: not determined yet. */
  position: number | undefined;
  /** Leader epoch of the last record handed out, -1 unknown. */
  positionEpoch = -1;
  /** Where the next fetch begins: behind what is buffered. */
  fetchOffset = -1;
  /** The position was out of range: the reset policy says where to go on, not the committed offset. */
  isOutOfRange = false;
  isPaused = false;
  isFetching = false;
  /** Changes with each seek: answers to fetches from before are thrown away. */
  generation = 0;
  /** Not before this time (monotonic): the last fetch failed. */
  retryAtMs = 0;
  failures = 0;
  highWatermark = -1;
  logStartOffset = -1;
  /** A replica to read from instead of the leader, until a time (monotonic). */
  readReplica: { readonly nodeId: number; readonly untilMs: number } | undefined;
  readonly buffered: CompletedFetch[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get name(): string {
    return topicPartitionName(this.topic, this.partition);
  }

  get isFetchable(): boolean {
    return this.position !== undefined && !this.isPaused && !this.isFetching && this.buffered.length < maxBuffered;
  }

  seek(offset: number, leaderEpoch = -1): void {
    this.position = offset;
    this.positionEpoch = leaderEpoch;
    this.fetchOffset = offset;
    this.isOutOfRange = false;
    this.#dropBuffered();
  }

  /** The position has to be determined by the reset policy. */
  markOutOfRange(): void {
    this.position = undefined;
    this.isOutOfRange = true;
    this.#dropBuffered();
  }

  #dropBuffered(): void {
    this.generation += 1;
    this.buffered.length = 0;
    this.retryAtMs = 0;
    this.failures = 0;
  }
}
