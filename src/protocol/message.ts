import { compileDecoder, compileEncoder } from './compile.js';
import type { Reader } from './reader.js';
import { type Fields, inVersions, type MessageSpec, parseVersions, type Struct, type StructInput } from './schema.js';
import { EncodeError, type Writer } from './writer.js';

/** A message in all its versions. Codecs are compiled at the first use of a version. */
export class Message<F extends Fields> {
  readonly name: string;
  readonly key: number;
  readonly minVersion: number;
  /** -1 when no version exists any more. */
  readonly maxVersion: number;
  readonly latestVersionUnstable: boolean;
  private readonly decoders: Array<((reader: Reader) => Struct<F>) | undefined> = [];
  private readonly encoders: Array<((writer: Writer, value: StructInput<F>) => void) | undefined> = [];

  constructor(readonly spec: MessageSpec<F>) {
    this.name = spec.name;
    this.key = spec.key;
    const range = parseVersions(spec.versions);
    this.minVersion = range?.min ?? 0;
    this.maxVersion = range?.max ?? -1;
    this.latestVersionUnstable = spec.latestVersionUnstable ?? false;
  }

  hasVersion(version: number): boolean {
    return version >= this.minVersion && version <= this.maxVersion;
  }

  isFlexible(version: number): boolean {
    return inVersions(this.spec.flexible, version);
  }

  /** @throws DecodeError. `version` must be one that exists. */
  decode(reader: Reader, version: number): Struct<F> {
    let decoder = this.decoders[version];
    if (decoder === undefined) {
      this.check(version);
      decoder = compileDecoder<Struct<F>>(this.spec.fields, version, this.isFlexible(version));
      this.decoders[version] = decoder;
    }
    return decoder(reader);
  }

  /** @throws EncodeError when the value has something that this version cannot carry. */
  encode(writer: Writer, version: number, value: StructInput<F>): void {
    let encoder = this.encoders[version];
    if (encoder === undefined) {
      this.check(version);
      encoder = compileEncoder<StructInput<F>>(this.name, this.spec.fields, version, this.isFlexible(version));
      this.encoders[version] = encoder;
    }
    encoder(writer, value);
  }

  private check(version: number): void {
    if (!this.hasVersion(version)) throw new EncodeError(`${this.name} has no version ${version}`);
  }
}

export function message<F extends Fields>(spec: MessageSpec<F>): Message<F> {
  return new Message(spec);
}

export type Infer<M> = M extends Message<infer F> ? Struct<F> : never;
export type InferInput<M> = M extends Message<infer F> ? StructInput<F> : never;
