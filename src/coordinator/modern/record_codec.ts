import type { Infer, InferInput, Message } from '../../protocol/message.js';
import { Reader } from '../../protocol/reader.js';
import type { Fields } from '../../protocol/schema.js';
import { Writer } from '../../protocol/writer.js';
import type { EncodedRecord } from '../runtime/machine.js';

/** Whose record it is. */
export interface OfGroup {
  readonly groupId: string;
}
export interface OfMember extends OfGroup {
  readonly memberId: string;
}

const writer = new Writer(4096);

/** Key and value of one kind of record, each behind its 2-byte type or version. All kinds here have version 0 only. */
export class RecordCodec<K extends Fields, V extends Fields> {
  constructor(
    private readonly key: Message<K>,
    private readonly value: Message<V>,
  ) {}

  get type(): number {
    return this.key.key;
  }

  encode(key: InferInput<Message<K>>, value: InferInput<Message<V>> | undefined): EncodedRecord {
    const keyBytes = this.written(this.key.key, () => this.key.encode(writer, 0, key));
    if (value === undefined) return { key: keyBytes, value: null };
    return { key: keyBytes, value: this.written(0, () => this.value.encode(writer, 0, value)) };
  }

  /** `key` stands behind the type. @throws DecodeError when key or value are damaged, or the value's version is unknown */
  decode(
    key: Reader,
    value: Uint8Array | null,
  ): { readonly key: Infer<Message<K>>; value: Infer<Message<V>> | undefined } {
    const decodedKey = this.key.decode(key, 0) as Infer<Message<K>>;
    if (value === null) return { key: decodedKey, value: undefined };
    const reader = new Reader(value);
    const version = reader.int16();
    if (!this.value.hasVersion(version)) reader.fail(`${this.value.name} version ${version} is unknown`);
    return { key: decodedKey, value: this.value.decode(reader, version) as Infer<Message<V>> };
  }

  private written(prefix: number, body: () => void): Uint8Array {
    writer.reset().int16(prefix);
    body();
    return Uint8Array.prototype.slice.call(writer.bytes());
  }
}
