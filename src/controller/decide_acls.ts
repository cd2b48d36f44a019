import type { Acl } from '../metadata/image.js';
import { type AclValue, aclValue, keyOfAcl } from '../metadata/sections.js';
import { ErrorCode } from '../protocol/errors.js';
import { type AclFilter, matchesAcl, wrongAcl, wrongFilter } from '../security/acls.js';
import { type ControllerError, failure } from './assignments.js';
import type { Edits } from './controller.js';

const same = (one: AclValue[number], other: AclValue[number]): boolean =>
  one.p === other.p && one.h === other.h && one.o === other.o && one.t === other.t;

/** CreateAcls: rules apart from each other; one that is there already is fine. INVALID_REQUEST. */
export function decideCreateAcls(
  values: ReadonlyMap<string, string>,
  acls: readonly Acl[],
): { readonly edits: Edits; readonly results: readonly ControllerError[] } {
  const lists = new Map<string, AclValue>();
  const results = acls.map((acl) => {
    const wrong = wrongAcl(acl);
    if (wrong !== undefined) return failure(ErrorCode.INVALID_REQUEST, wrong);
    const key = keyOfAcl(acl);
    const list = lists.get(key) ?? (JSON.parse(values.get(key) ?? '[]') as AclValue);
    const value = aclValue(acl);
    lists.set(key, list.some((one) => same(one, value)) ? list : [...list, value]);
    return failure(ErrorCode.NONE, '');
  });
  return { edits: new Map([...lists].map(([key, list]) => [key, JSON.stringify(list)])), results };
}

export interface AclDeletion {
  readonly error: ControllerError;
  readonly matching: readonly Acl[];
}

/** DeleteAcls: everything that a filter matches; a rule that two filters match is told twice, as in Kafka. INVALID_REQUEST. */
export function decideDeleteAcls(
  values: ReadonlyMap<string, string>,
  current: readonly Acl[],
  filters: readonly AclFilter[],
): { readonly edits: Edits; readonly results: readonly AclDeletion[] } {
  const results = filters.map((filter): AclDeletion => {
    const wrong = wrongFilter(filter);
    return wrong === undefined
      ? { error: failure(ErrorCode.NONE), matching: current.filter((acl) => matchesAcl(filter, acl)) }
      : { error: failure(ErrorCode.INVALID_REQUEST, wrong), matching: [] };
  });
  const lists = new Map<string, AclValue>();
  for (const acl of results.flatMap(({ matching }) => matching)) {
    const key = keyOfAcl(acl);
    const list = lists.get(key) ?? (JSON.parse(values.get(key) ?? '[]') as AclValue);
    const doomed = aclValue(acl);
    lists.set(
      key,
      list.filter((one) => !same(one, doomed)),
    );
  }
  const edits = new Map([...lists].map(([key, list]) => [key, list.length === 0 ? null : JSON.stringify(list)]));
  return { edits, results };
}
