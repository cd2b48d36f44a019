/** A small seeded generator for tests (xorshift128 of Marsaglia): the same numbers on every machine. */
export class Prng {
  private x = 123456789;
  private y = 362436069;
  private z = 521288629;
  private w: number;

  constructor(seed: number) {
    this.w = seed | 0 || 88675123;
    for (let i = 0; i < 16; i += 1) this.uint32();
  }

  uint32(): number {
    const t = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8);
    return this.w >>> 0;
  }

  /** Uniform in [0, bound). */
  below(bound: number): number {
    return this.uint32() % bound;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
