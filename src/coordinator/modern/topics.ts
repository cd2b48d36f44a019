import { type Uuid, uuidToBytes } from '../../common/ids.js';
import type { MetadataImage, TopicImage } from '../../metadata/image.js';
import { xxh3 } from './xxh3.js';

/** Racks of the brokers that hold a replica of the partition, in no order. */
export function racksOf(image: MetadataImage, topic: TopicImage, partition: number): string[] {
  const replicas = topic.partitions[partition]?.replicas ?? [];
  return [...new Set(replicas.flatMap((id) => image.brokers.get(id)?.rack ?? []))];
}

/** Ids of the topics that are there, of those named. */
export function topicIdsOf(image: MetadataImage, names: Iterable<string>): Set<Uuid> {
  const ids = new Set<Uuid>();
  for (const name of names) {
    const topic = image.topicsByName.get(name);
    if (topic !== undefined) ids.add(topic.id);
  }
  return ids;
}

const racks = new WeakMap<MetadataImage['brokers'], string>();

/** Which broker is in which rack, in one text. */
function racksText({ brokers }: MetadataImage): string {
  const known = racks.get(brokers);
  if (known !== undefined) return known;
  const text = [...brokers.values()]
    .flatMap(({ id, rack }) => (rack === null ? [] : `${id}=${rack}`))
    .sort()
    .join();
  racks.set(brokers, text);
  return text;
}

const hashes = new WeakMap<TopicImage, { readonly racks: string; readonly hash: bigint }>();

/** What a topic is to its subscribers: id, name, partitions and their racks, in one number (Kafka's `Utils.computeTopicHash`). */
export function topicHash(image: MetadataImage, topic: TopicImage): bigint {
  const known = hashes.get(topic);
  if (known?.racks === racksText(image)) return known.hash;
  const parts: Buffer[] = [Buffer.from([0])];
  const id = Buffer.from(uuidToBytes(topic.id));
  parts.push(int64(id.readBigUInt64BE(0)), int64(id.readBigUInt64BE(8)), text(topic.name));
  parts.push(int32(topic.partitions.length));
  for (let partition = 0; partition < topic.partitions.length; partition += 1) {
    parts.push(int32(partition));
    for (const rack of racksOf(image, topic, partition).sort()) parts.push(int32(rack.length), text(rack));
  }
  const hash = xxh3(Buffer.concat(parts));
  hashes.set(topic, { racks: racksText(image), hash });
  return hash;
}

/**
 * The state of all subscribed topics that are there, as a signed 64-bit number; 0 for none. A group's epoch grows when it
 * changes.
 */
export function metadataHash(image: MetadataImage, names: Iterable<string>): bigint {
  const existing = [...names].filter((name) => image.topicsByName.has(name)).sort();
  if (existing.length === 0) return 0n;
  const hashed = Buffer.alloc(8 * existing.length);
  existing.forEach((name, i) => {
    const topic = image.topicsByName.get(name);
    if (topic !== undefined) hashed.writeBigUInt64LE(topicHash(image, topic), 8 * i);
  });
  return BigInt.asIntN(64, xxh3(hashed));
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

/** UTF-16, then the number of units. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from(value, 'utf16le'), int32(value.length)]);
}

export interface TopicChanges {
  /** Some topic is new, gone or different, or a rack is. */
  readonly topicsChanged: boolean;
  readonly topicsCreated: boolean;
}

export function topicChanges(next: MetadataImage, previous: MetadataImage): TopicChanges {
  const sameRacks = racksText(next) === racksText(previous);
  if (next.topicsByName === previous.topicsByName) return { topicsChanged: !sameRacks, topicsCreated: false };
  let topicsChanged = !sameRacks || next.topicsById.size !== previous.topicsById.size;
  let topicsCreated = false;
  for (const [topicId, topic] of next.topicsById) {
    const before = previous.topicsById.get(topicId);
    if (before !== topic) topicsChanged = true;
    if (before === undefined) topicsCreated = true;
  }
  return { topicsChanged, topicsCreated };
}
