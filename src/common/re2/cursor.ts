/** A place in a pattern. */
export class Cursor {
  position = 0;

  constructor(private readonly text: string) {}

  get rest(): string {
    return this.text.slice(this.position);
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  sees(prefix: string): boolean {
    return this.text.startsWith(prefix, this.position);
  }

  /** Steps over `prefix` when it is there. */
  take(prefix: string): boolean {
    if (!this.sees(prefix)) return false;
    this.position += prefix.length;
    return true;
  }

  skip(units: number): void {
    this.position += units;
  }

  /** The next code point, stepped over. */
  next(): number {
    const code = this.text.codePointAt(this.position) ?? 0;
    this.position += code > 0xffff ? 2 : 1;
    return code;
  }
}
