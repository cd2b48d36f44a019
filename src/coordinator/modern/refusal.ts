import { ErrorCode } from '../../protocol/errors.js';

/** Why a request is not done: the code and the sentence that its response carries. */
export class Refusal {
  constructor(
    readonly errorCode: ErrorCode,
    readonly errorMessage: string | null,
    /** What the broker's log says of it. */
    readonly note?: string,
  ) {}
}

/** What asks for a group of one type is told when there is none of that name, or one of another type. */
export function noGroupOf(type: 'consumer' | 'share' | 'streams', groupId: string, isThere: boolean): Refusal {
  const why = isThere ? `is not a ${type} group` : 'not found';
  return new Refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} ${why}.`);
}
