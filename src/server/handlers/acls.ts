import { type ControllerError, failure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import { type AclDeletion, decideCreateAcls, decideDeleteAcls } from '../../controller/decide_acls.js';
import type { Acl, MetadataCache } from '../../metadata/image.js';
import { keyOfAcl } from '../../metadata/sections.js';
import type { CreateAclsRequest, CreateAclsResponseInput } from '../../protocol/api/create_acls.js';
import type { DeleteAclsRequest, DeleteAclsResponseInput } from '../../protocol/api/delete_acls.js';
import type { DescribeAclsRequest, DescribeAclsResponseInput } from '../../protocol/api/describe_acls.js';
import { ErrorCode } from '../../protocol/errors.js';
import { type AclFilter, matchesAcl, wrongFilter } from '../../security/acls.js';
import type { Handler } from '../handler.js';

export interface AclDeps {
  readonly metadata: MetadataCache;
  readonly controller: Controller;
  /** Whether `authorizer.class.name` is set; otherwise everything here is SECURITY_DISABLED. */
  readonly isAuthorizing: () => boolean;
}

const disabled = failure(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.');

/** DescribeAcls (KIP-140, KIP-290). */
export function describeAclsHandler(deps: AclDeps): Handler<DescribeAclsRequest, DescribeAclsResponseInput> {
  return (request) => {
    if (!deps.isAuthorizing())
      return {
        errorCode: ErrorCode.SECURITY_DISABLED,
        errorMessage: 'No Authorizer is configured on the broker',
        resources: [],
      };
    const filter = filterOf(request);
    const wrong = wrongFilter(filter);
    if (wrong !== undefined) return { ...failure(ErrorCode.INVALID_REQUEST, wrong), resources: [] };
    const byResource = new Map<string, Acl[]>();
    for (const acl of deps.metadata.current().acls)
      if (matchesAcl(filter, acl)) byResource.set(keyOfAcl(acl), [...(byResource.get(keyOfAcl(acl)) ?? []), acl]);
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      resources: [...byResource.values()].flatMap((acls) => {
        const [first] = acls;
        if (first === undefined) return [];
        const { resourceType, resourceName, patternType } = first;
        return [
          {
            resourceType,
            resourceName,
            patternType,
            acls: acls.map(({ principal, host, operation, permissionType }) => ({
              principal,
              host,
              operation,
              permissionType,
            })),
          },
        ];
      }),
    };
  };
}

/** CreateAcls (KIP-140, KIP-290). */
export function createAclsHandler(deps: AclDeps): Handler<CreateAclsRequest, CreateAclsResponseInput> {
  return async ({ creations }) => {
    if (!deps.isAuthorizing()) return { results: creations.map(() => disabled) };
    const acls = creations.map(
      ({ resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType }): Acl => ({
        resourceType,
        resourceName,
        patternType: resourcePatternType,
        principal,
        host,
        operation,
        permissionType,
      }),
    );
    let results: readonly ControllerError[] = [];
    const written = await deps.controller.edit(acls.map(keyOfAcl), (values) => {
      const decided = decideCreateAcls(values, acls);
      ({ results } = decided);
      return decided.edits;
    });
    return {
      results: results.map((result) => (written.errorCode === ErrorCode.NONE || isRefused(result) ? result : written)),
    };
  };
}

const isRefused = ({ errorCode }: ControllerError): boolean => errorCode !== ErrorCode.NONE;

/** DeleteAcls (KIP-140, KIP-290). */
export function deleteAclsHandler(deps: AclDeps): Handler<DeleteAclsRequest, DeleteAclsResponseInput> {
  return async ({ filters }) => {
    if (!deps.isAuthorizing()) return { filterResults: filters.map(() => ({ ...disabled, matchingAcls: [] })) };
    const wanted = filters.map(filterOf);
    let results: readonly AclDeletion[] = [];
    const written = await deps.controller.edit(
      ({ acls }) => acls.map(keyOfAcl),
      (values, image) => {
        const decided = decideDeleteAcls(values, image.acls, wanted);
        ({ results } = decided);
        return decided.edits;
      },
    );
    return {
      filterResults: results.map(({ error, matching }) =>
        written.errorCode === ErrorCode.NONE || isRefused(error)
          ? {
              ...error,
              matchingAcls: matching.map((acl) => ({ errorCode: ErrorCode.NONE, errorMessage: null, ...acl })),
            }
          : { ...written, matchingAcls: [] },
      ),
    };
  };
}

function filterOf(request: DescribeAclsRequest): AclFilter {
  return {
    resourceType: request.resourceTypeFilter,
    resourceName: request.resourceNameFilter,
    patternType: request.patternTypeFilter,
    principal: request.principalFilter,
    host: request.hostFilter,
    operation: request.operation,
    permissionType: request.permissionType,
  };
}
