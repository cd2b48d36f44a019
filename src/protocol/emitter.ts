import { DecodeError } from './reader.js';
import { EncodeError } from './writer.js';

/**
 * Collects the source of compiled functions. The source is made from schemas alone, never from input; values that have no
 * literal are handed in as constants.
 */
export class Emitter {
  private readonly constants: unknown[] = [];
  private readonly declarations: string[] = [];
  private names = 0;

  name(prefix: string): string {
    this.names += 1;
    return `${prefix}${this.names}`;
  }

  /** Adds a function (or any declaration) at the top level. */
  declare(source: string): void {
    this.declarations.push(source);
  }

  /** Source of an expression that has this value: the same object each time for objects. */
  literal(value: unknown): string {
    if (value === null) return 'null';
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
      return JSON.stringify(value);
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      this.constants.push(value);
      return `C[${this.constants.length - 1}]`;
    }
    // A struct of defaults, made by an object literal: it then has the same hidden class as one that was decoded.
    const members = Object.entries(value as object).map(([name, inner]) => `${name}: ${this.literal(inner)}`);
    const constant = this.name('defaults');
    this.declare(`const ${constant} = { ${members.join(', ')} };`);
    return constant;
  }

  /** The value of `entry` in the scope of everything declared. */
  build(entry: string): unknown {
    const source = `'use strict';\n${this.declarations.join('\n')}\nreturn ${entry};`;
    const make = new Function('C', 'DecodeError', 'EncodeError', source) as (...given: unknown[]) => unknown;
    return make(this.constants, DecodeError, EncodeError);
  }
}
