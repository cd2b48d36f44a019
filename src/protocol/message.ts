import { compileDecoder } from './compile_decoder.js';
import { compileEncoder } from './compile_encoder.js';
import { DecodeError, type Reader } from './reader.js';
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
  private readonly tracedDecoders: Array<((reader: Reader) => unknown) | undefined> = [];
  private readonly encoders: Array<((writer: Writer, value: object) => void) | undefined> = [];

  /** By version, as far as it was asked for: headers ask on every request. */
  private readonly flexible: Array<boolean | undefined> = [];

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
    const known = this.flexible[version];
    if (known !== undefined) return known;
    const flexible = inVersions(this.spec.flexible, version);
    if (this.hasVersion(version)) this.flexible[version] = flexible;
    return flexible;
  }

  /** @throws DecodeError. `version` must be one that exists. */
  decode(reader: Reader, version: number): Struct<F> {
    const decoder = this.decoders[version] ?? this.compileDecoder(version);
    const { position, budget } = reader;
    try {
      return decoder(reader);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      reader.rewind(position, budget);
      throw this.located(error, reader, version);
    }
  }

  private compileDecoder(version: number): (reader: Reader) => Struct<F> {
    this.check(version);
    const target = { version, flexible: this.isFlexible(version), traced: false };
    const decoder = compileDecoder<Struct<F>>(this.spec.fields, target);
    this.decoders[version] = decoder;
    return decoder;
  }

  /** The same error with the field it happened in: decodes again with a decoder that keeps track. */
  private located(error: DecodeError, reader: Reader, version: number): DecodeError {
    const target = { version, flexible: this.isFlexible(version), traced: true };
    const traced = this.tracedDecoders[version] ?? compileDecoder<unknown>(this.spec.fields, target);
    this.tracedDecoders[version] = traced;
    try {
      traced(reader);
    } catch (again) {
      if (!(again instanceof DecodeError)) throw again;
      return new DecodeError(again.problem, again.position, `${this.name} v${version} ${again.field}`.trimEnd());
    }
    return error;
  }

  /** @throws EncodeError when the value has something that this version cannot carry. */
  encode(writer: Writer, version: number, value: StructInput<F>): void {
    const encoder = this.encoders[version] ?? this.compileEncoder(version);
    encoder(writer, value);
  }

  private compileEncoder(version: number): (writer: Writer, value: object) => void {
    this.check(version);
    const target = { version, flexible: this.isFlexible(version) };
    const encoder = compileEncoder<object>(`${this.name} v${version}`, this.spec.fields, target);
    this.encoders[version] = encoder;
    return encoder;
  }

  private check(version: number): void {
    if (!this.hasVersion(version)) throw new EncodeError(`${this.name} has no version ${version}`);
  }
}

/** A message whose type is not known here. Every {@link Message} is one. */
export interface AnyMessage {
  readonly spec: MessageSpec<Fields>;
  readonly name: string;
  readonly key: number;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly latestVersionUnstable: boolean;
  hasVersion(version: number): boolean;
  isFlexible(version: number): boolean;
  decode(reader: Reader, version: number): object;
  encode(writer: Writer, version: number, value: object): void;
}

export function message<F extends Fields>(spec: MessageSpec<F>): Message<F> {
  return new Message(spec);
}

export type Infer<M> = M extends Message<infer F> ? Struct<F> : never;
export type InferInput<M> = M extends Message<infer F> ? StructInput<F> : never;
