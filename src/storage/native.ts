import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../env/package_root.js';
import type { NativeAddon } from './native_addon.js';

let loaded: NativeAddon | undefined;

/** The addon cannot be loaded; the message says what to do. */
export class AddonError extends Error {
  override readonly name = 'AddonError';
}

/**
 * Loads the addon once per thread: from `build/` (a checkout) or from `prebuilds/` (the published package).
 * This is the only place that does.
 *
 * @throws AddonError
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const root = packageRoot();
  const find = require('bindings') as (options: object) => NativeAddon;
  try {
    loaded = find({
      bindings: 'millrace.node',
      module_root: root,
      try: [
        ['module_root', 'build', 'Release', 'bindings'],
        ['module_root', join('prebuilds', `${process.platform}-${process.arch}`), 'bindings'],
      ],
    });
  } catch (cause) {
    const remedy = 'run `npm run build:native` in the checkout (it needs g++, make and python3)';
    throw new AddonError(`the storage engine (millrace.node) could not be loaded: ${remedy}`, { cause });
  }
  return loaded;
}
