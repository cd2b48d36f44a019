import { type ControllerError, failure } from '../../controller/assignments.js';
import type { Controller } from '../../controller/controller.js';
import { decideScram } from '../../controller/decide_scram.js';
import type { MetadataCache } from '../../metadata/image.js';
import { keys } from '../../metadata/keys.js';
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponseInput,
} from '../../protocol/api/alter_user_scram_credentials.js';
import type {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponseInput,
} from '../../protocol/api/describe_user_scram_credentials.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** AlterUserScramCredentials (KIP-554). */
export function alterUserScramCredentialsHandler(deps: {
  readonly controller: Controller;
}): Handler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponseInput> {
  return async ({ deletions, upsertions }) => {
    let results: ReadonlyMap<string, ControllerError> = new Map();
    const users = [...deletions, ...upsertions].map(({ name }) => keys.scramUser(name));
    const written = await deps.controller.edit(users, (values) => {
      const decided = decideScram(values, deletions, upsertions);
      ({ results } = decided);
      return decided.edits;
    });
    return {
      results: [...results].map(([user, error]) => ({
        user,
        ...(error.errorCode === ErrorCode.NONE ? written : error),
      })),
    };
  };
}

/** DescribeUserScramCredentials (KIP-554): mechanisms and iterations, no secrets. RESOURCE_NOT_FOUND, DUPLICATE_RESOURCE. */
export function describeUserScramCredentialsHandler(deps: {
  readonly metadata: MetadataCache;
}): Handler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponseInput> {
  return ({ users }) => {
    const { scramUsers } = deps.metadata.current();
    const asked = users === null || users.length === 0 ? [...scramUsers.keys()] : users.map(({ name }) => name);
    const describe = (user: string) => {
      const credentials = scramUsers.get(user);
      if (asked.indexOf(user) !== asked.lastIndexOf(user))
        return failure(
          ErrorCode.DUPLICATE_RESOURCE,
          `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
        );
      if (credentials === undefined)
        return failure(
          ErrorCode.RESOURCE_NOT_FOUND,
          `Attempt to describe a user credential that does not exist: ${user}`,
        );
      return {
        errorCode: ErrorCode.NONE,
        errorMessage: '',
        credentialInfos: [...credentials].map(([mechanism, { iterations }]) => ({ mechanism, iterations })),
      };
    };
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: '',
      results: [...new Set(asked)].map((user) => ({ credentialInfos: [], user, ...describe(user) })),
    };
  };
}
