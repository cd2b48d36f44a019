import { getSystemErrorName } from 'node:util';
import { LogStoreError } from '../common/ports/index.js';
import type { NativeError } from './native_addon.js';

export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'kind' in error && 'errno' in error;
}

/** What the addon threw as the port has it; anything else as it is. */
export function typed(error: unknown): unknown {
  if (!isNativeError(error)) return error;
  const code = error.errno === 0 ? '' : getSystemErrorName(-error.errno);
  return new LogStoreError(error.kind, error.operation, error.path, code, error.detail);
}
