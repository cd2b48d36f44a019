import { ErrorCode } from '../../protocol/errors.js';
import type { ClassicGroup } from './classic_group.js';
import type { Member } from './member.js';

/** The member `memberId`, when it is in the group and still the one behind its instance id. */
export function findMember(group: ClassicGroup, memberId: string, groupInstanceId: string | null): Member | ErrorCode {
  if (groupInstanceId !== null) {
    const current = group.staticMemberId(groupInstanceId);
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  return group.member(memberId) ?? ErrorCode.UNKNOWN_MEMBER_ID;
}
