import { INT64_MAX } from '../common/ids.js';
import type { LogStore, RebuildOptions } from '../common/ports/index.js';
import { ErrorCode } from '../protocol/errors.js';
import {
  type AppendRefusal,
  faultsRefusal,
  refusal,
  timestampLimits,
  unreadable,
  validateHeader,
} from './append_validation.js';
import type { LogConfig } from './log_config.js';
import { emptyBatchInfo } from './native_log.js';

const attributesLowByteAt = 22;
const batchHeaderBytes = 61;
const codecBits = 7;

/** A batch whose records were looked through, ready to be appended with `recordsSeen`; or why it is not. */
export type PreparedBatch = { readonly errorCode: typeof ErrorCode.NONE; readonly bytes: Uint8Array } | AppendRefusal;

export interface PrepareContext {
  readonly nowMs: number;
  readonly produceVersion: number;
}

/**
 * What a client's batch needs before it can be appended, of all that must not run on the loop: compression in the topic's codec
 * (`compression.type`), and a look at compressed records where the topic is compacted or limits how old they are. Undefined: nothing,
 * or it is refused at once; append it as it is. `bytes` are not used any more when this returns.
 */
export function prepareBatch(
  bytes: Uint8Array,
  log: { readonly name: string; readonly config: LogConfig; readonly store: LogStore },
  context: PrepareContext,
): Promise<PreparedBatch> | undefined {
  const { config } = log;
  const options = rebuildOptions(bytes, config, context.nowMs);
  if (options === undefined) return undefined;
  const batch = emptyBatchInfo();
  const { store } = log;
  if (store.inspectBatch(bytes, batch) !== 'ok' || validateHeader(batch, config, context) !== undefined)
    return undefined;
  return rebuild(bytes, options, log, store);
}

/** Undefined for what appends at once: everything, unless the topic's config asks for more. */
function rebuildOptions(bytes: Uint8Array, config: LogConfig, nowMs: number): RebuildOptions | undefined {
  const { recompression, compact, timestampBeforeMaxMs } = config;
  if (recompression === undefined && !compact && timestampBeforeMaxMs === INT64_MAX) return undefined;
  if (bytes.length < batchHeaderBytes) return undefined;
  const codec = (bytes[attributesLowByteAt] as number) & codecBits;
  const target = recompression ?? { codec, level: 0 };
  // Plain records that stay plain are looked through in place.
  if (target.codec === codec && (codec === 0 || (!compact && timestampBeforeMaxMs === INT64_MAX))) return undefined;
  return { ...target, keysNeeded: compact, ...timestampLimits(config, nowMs) };
}

async function rebuild(
  bytes: Uint8Array,
  options: RebuildOptions,
  log: { readonly name: string },
  store: LogStore,
): Promise<PreparedBatch> {
  const rebuilt = await store.rebuildBatch(bytes, options);
  switch (rebuilt.kind) {
    case 'ok':
      return { errorCode: ErrorCode.NONE, bytes: rebuilt.bytes };
    case 'faults':
      return faultsRefusal(rebuilt.faults, log.name, options);
    case 'undecodable':
    case 'malformed':
      return unreadable;
    case 'too-large':
      return refusal(ErrorCode.MESSAGE_TOO_LARGE, 'The records of the batch take more than 128 MiB');
  }
}
