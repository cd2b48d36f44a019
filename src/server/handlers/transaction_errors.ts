import { ErrorCode } from '../../protocol/errors.js';

/** Clients of versions below `fencedVersion` do not know PRODUCER_FENCED, and treat INVALID_PRODUCER_EPOCH as it (KIP-588). */
export function fencedForOld(error: ErrorCode, version: number, fencedVersion: number): ErrorCode {
  return error === ErrorCode.PRODUCER_FENCED && version < fencedVersion ? ErrorCode.INVALID_PRODUCER_EPOCH : error;
}
