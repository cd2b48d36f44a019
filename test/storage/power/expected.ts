/** What the life of a broker says of itself, one line each, before or after what it speaks of. */
export type Mark =
  | { readonly is: 'creating' | 'created'; readonly topic: string; readonly partitions: number }
  | { readonly is: 'deleting' | 'deleted'; readonly topic: string }
  | { readonly is: 'writing'; readonly name: string; readonly offset: number; readonly what: Written }
  | { readonly is: 'acknowledged' | 'starting' | 'started'; readonly name: string; readonly offset: number };

/** A record of a producer, one of its transactions' or not, or what ends the transaction. */
export type Written = 'plain' | 'transactional' | 'COMMIT' | 'ABORT';

export interface ExpectedPartition {
  /** By offset; one behind the log's end was refused, or lost. */
  readonly written: Written[];
  acknowledged: number;
  leastStart: number;
  mostStart: number;
}

interface ExpectedTopic {
  /** `perhaps`: its creation or deletion is under way. */
  there: 'yes' | 'no' | 'perhaps';
  generation: number;
  readonly partitions: ExpectedPartition[];
}

/** What must be found after the marks so far. */
export class Expected {
  readonly topics = new Map<string, ExpectedTopic>();

  take(mark: Mark): void {
    switch (mark.is) {
      case 'creating': {
        const generation = (this.topics.get(mark.topic)?.generation ?? 0) + 1;
        const partitions = Array.from({ length: mark.partitions }, () => ({
          written: [],
          acknowledged: 0,
          leastStart: 0,
          mostStart: 0,
        }));
        this.topics.set(mark.topic, { there: 'perhaps', generation, partitions });
        return;
      }
      case 'created':
        this.topic(mark.topic).there = 'yes';
        return;
      case 'deleting':
        this.topic(mark.topic).there = 'perhaps';
        return;
      case 'deleted':
        this.topic(mark.topic).there = 'no';
        return;
      case 'writing': {
        const { written } = this.partition(mark.name);
        written.length = mark.offset;
        written.push(mark.what);
        return;
      }
      case 'acknowledged':
        this.partition(mark.name).acknowledged = mark.offset;
        return;
      case 'starting':
        this.partition(mark.name).mostStart = mark.offset;
        return;
      case 'started':
        this.partition(mark.name).leastStart = mark.offset;
        return;
    }
  }

  private topic(name: string): ExpectedTopic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new Error(`no ${name}`);
    return topic;
  }

  private partition(name: string): ExpectedPartition {
    const dash = name.lastIndexOf('-');
    const partition = this.topic(name.slice(0, dash)).partitions[Number(name.slice(dash + 1))];
    if (partition === undefined) throw new Error(`no ${name}`);
    return partition;
  }
}

/** The value at an offset: topics of one name that follow each other have different ones. */
export function valueAt(topic: string, generation: number, offset: number): string {
  return `${topic} ${generation} ${offset}`.padEnd(100, '.');
}
