import type { ErrorCode } from '../../protocol/errors.js';

/** Why a request is not done: the code and the sentence that its response carries. */
export class Refusal {
  constructor(
    readonly errorCode: ErrorCode,
    readonly errorMessage: string | null,
  ) {}
}
