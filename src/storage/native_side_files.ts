import type { NativeLog } from './native_addon.js';

/** By name; the addon's copy is given up. */
export function takeSideFiles(native: NativeLog): ReadonlyMap<string, Uint8Array | undefined> {
  const flat = native.sideFiles ?? [];
  native.sideFiles = undefined;
  const files = new Map<string, Uint8Array | undefined>();
  for (let i = 0; i < flat.length; i += 2) {
    const bytes = flat[i + 1];
    files.set(String(flat[i]), typeof bytes === 'string' ? undefined : bytes);
  }
  return files;
}
