import { ErrorCode } from '../protocol/errors.js';
import type { AppendResult } from '../storage/partition_log.js';

/** Totals since the start; plain numbers, so that counting costs next to nothing. The metrics endpoint reads them. */
export interface TopicTotals {
  messagesIn: number;
  bytesIn: number;
  bytesOut: number;
  produceRequests: number;
  fetchRequests: number;
  failedProduceRequests: number;
  failedFetchRequests: number;
}

/** What Kafka calls BrokerTopicMetrics. */
export class TopicTraffic {
  private readonly topics = new Map<string, TopicTotals>();

  of(topic: string): TopicTotals {
    let totals = this.topics.get(topic);
    if (totals === undefined) {
      totals = {
        messagesIn: 0,
        bytesIn: 0,
        bytesOut: 0,
        produceRequests: 0,
        fetchRequests: 0,
        failedProduceRequests: 0,
        failedFetchRequests: 0,
      };
      this.topics.set(topic, totals);
    }
    return totals;
  }

  all(): ReadonlyMap<string, TopicTotals> {
    return this.topics;
  }

  forget(topic: string): void {
    this.topics.delete(topic);
  }

  produced(topic: string, sizeBytes: number, result: AppendResult): void {
    const totals = this.of(topic);
    totals.produceRequests += 1;
    if (result.errorCode !== ErrorCode.NONE) {
      totals.failedProduceRequests += 1;
      return;
    }
    if (result.duplicate) return;
    totals.messagesIn += result.recordCount;
    totals.bytesIn += sizeBytes;
  }

  fetched(topic: string, sizeBytes: number, errorCode: ErrorCode): void {
    const totals = this.of(topic);
    totals.fetchRequests += 1;
    totals.bytesOut += sizeBytes;
    if (errorCode !== ErrorCode.NONE) totals.failedFetchRequests += 1;
  }
}
