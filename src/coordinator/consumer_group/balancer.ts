/**
 * The subscribers of one topic, sorted by how much they have. Two ranges grow towards each other: the least loaded, whose
 * members get one partition each before the range's level rises, and the most loaded, whose members give one each before its
 * level falls. When the levels are one apart there is nothing more to gain. Sizes are read when a range grows.
 */
export class Balancer {
  private readonly sorted: number[];
  private leastEnd = 0;
  private leastLevel: number;
  private nextLeast = 0;
  private mostStart: number;
  private mostEnd: number;
  private mostLevel: number;
  private nextMost: number;
  /** Between the subscriber with most and the one with least, at the beginning. */
  readonly imbalance: number;

  /** `sizes` is what every member has, by index, and goes on changing. Needs subscribers. */
  constructor(
    private readonly sizes: Int32Array,
    subscribers: readonly number[],
  ) {
    this.sorted = [...subscribers].sort((a, b) => this.sizeOf(a) - this.sizeOf(b) || a - b);
    const least = this.sizeAt(0);
    const most = this.sizeAt(this.sorted.length - 1);
    this.leastLevel = least - 1;
    this.mostStart = this.sorted.length;
    this.mostEnd = this.sorted.length;
    this.mostLevel = most + 1;
    this.nextMost = this.sorted.length - 1;
    this.imbalance = most - least;
  }

  private sizeOf(member: number): number {
    return this.sizes[member] ?? 0;
  }

  private at(index: number): number {
    return this.sorted[index] ?? -1;
  }

  private sizeAt(index: number): number {
    return this.sizeOf(this.at(index));
  }

  get isBalanced(): boolean {
    return this.mostLevel - this.leastLevel <= 1;
  }

  nextLeastLoaded(): number {
    if (this.nextLeast >= this.leastEnd) {
      this.leastLevel += 1;
      while (this.leastEnd < this.sorted.length && this.sizeAt(this.leastEnd) === this.leastLevel) this.leastEnd += 1;
      this.nextLeast = 0;
    }
    const member = this.at(this.nextLeast);
    this.nextLeast += 1;
    return member;
  }

  /** -1: nobody is left who has something to give. */
  nextMostLoaded(): number {
    if (this.nextMost < this.mostStart) {
      // A range that was emptied begins anew at the next member, whatever its level.
      if (this.mostEnd <= this.mostStart && this.mostStart > 0) this.mostLevel = this.sizeAt(this.mostStart - 1);
      else this.mostLevel -= 1;
      while (this.mostStart > 0 && this.sizeAt(this.mostStart - 1) === this.mostLevel) this.mostStart -= 1;
      this.nextMost = this.mostEnd - 1;
    }
    if (this.nextMost < 0) return -1;
    const member = this.at(this.nextMost);
    this.nextMost -= 1;
    return member;
  }

  /** The member that {@link nextMostLoaded} gave last has nothing of this topic. */
  excludeMostLoaded(): void {
    const member = this.at(this.nextMost + 1);
    this.sorted[this.nextMost + 1] = this.at(this.mostEnd - 1);
    this.sorted[this.mostEnd - 1] = member;
    this.mostEnd -= 1;
  }
}
