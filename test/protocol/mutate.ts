import type { Prng } from '../support/prng.js';

/** Bytes and ints that decoders stumble over: signs, varint continuations, lengths near the limits. */
const bytes = [0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const ints = [0, 1, -1, -2, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x00ffffff, 0x7fffffff, -0x80000000];

type Mutation = (prng: Prng, input: Buffer, other: Buffer) => Buffer;

const mutations: readonly Mutation[] = [
  // One bit.
  (prng, input) => {
    const at = prng.below(input.length);
    input[at] = (input[at] as number) ^ (1 << prng.below(8));
    return input;
  },
  // One byte.
  (prng, input) => {
    input[prng.below(input.length)] = prng.below(2) === 0 ? prng.pick(bytes) : prng.below(256);
    return input;
  },
  // An int, wherever it falls.
  (prng, input) => {
    if (input.length < 4) return input;
    input.writeInt32BE(prng.pick(ints), prng.below(input.length - 3));
    return input;
  },
  // A long varint.
  (prng, input) => {
    const at = prng.below(input.length);
    return Buffer.concat([
      input.subarray(0, at),
      Buffer.from([0xff, 0xff, 0xff, 0xff, prng.below(32)]),
      input.subarray(at),
    ]);
  },
  // The end is missing.
  (prng, input) => input.subarray(0, prng.below(input.length)),
  // A piece is missing.
  (prng, input) => {
    const at = prng.below(input.length);
    return Buffer.concat([input.subarray(0, at), input.subarray(at + 1 + prng.below(8))]);
  },
  // A piece comes twice.
  (prng, input) => {
    const at = prng.below(input.length);
    return Buffer.concat([input.subarray(0, at + prng.below(16)), input.subarray(at)]);
  },
  // It goes on as another message.
  (prng, input, other) =>
    Buffer.concat([input.subarray(0, prng.below(input.length)), other.subarray(prng.below(other.length))]),
  // Bytes are left over.
  (prng, input) => Buffer.concat([input, Buffer.alloc(1 + prng.below(64), prng.pick(bytes))]),
];

/** A damaged copy of `input`: one to three mutations, sometimes with pieces of `other`. */
export function mutate(prng: Prng, input: Buffer, other: Buffer): Buffer {
  let out: Buffer = Buffer.from(input);
  for (let times = 1 + prng.below(3); times > 0; times -= 1)
    if (out.length > 0 && other.length > 0) out = prng.pick(mutations)(prng, out, other);
  return out;
}
