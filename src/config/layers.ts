import type { ConfigSource } from './sources.js';
import type { ParsedValue } from './values.js';

/** A setting in one layer: as it was written, and as it was understood. */
export interface LayerEntry extends ParsedValue {
  readonly raw: string;
}

export interface ConfigLayer {
  readonly source: ConfigSource;
  readonly entries: ReadonlyMap<string, LayerEntry>;
}
