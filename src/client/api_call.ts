import { assert } from '../common/assert.js';
import type { Message } from '../protocol/message.js';
import { type Api, type ApiVersionRange, apiByKey } from '../protocol/registry.js';
import type { Fields } from '../protocol/schema.js';
import { UnsupportedVersionError } from './errors.js';

/** Request and response of one API with their static types, and the versions this client speaks of it. */
export interface ApiCall<Q extends Fields, R extends Fields> {
  readonly api: Api;
  readonly request: Message<Q>;
  readonly response: Message<R>;
  readonly minVersion: number;
  readonly maxVersion: number;
}

export function apiCall<Q extends Fields, R extends Fields>(
  request: Message<Q>,
  response: Message<R>,
  limits: { readonly minVersion?: number; readonly maxVersion?: number } = {},
): ApiCall<Q, R> {
  const api = apiByKey(request.key);
  assert(api !== undefined, `${request.name} is in the registry`);
  const stable = request.latestVersionUnstable ? request.maxVersion - 1 : request.maxVersion;
  return {
    api,
    request,
    response,
    minVersion: Math.max(request.minVersion, limits.minVersion ?? 0),
    maxVersion: Math.min(stable, limits.maxVersion ?? stable),
  };
}

/**
 * The highest version both sides speak.
 *
 * @throws UnsupportedVersionError when there is none
 */
export function chooseVersion<Q extends Fields, R extends Fields>(
  call: ApiCall<Q, R>,
  broker: ApiVersionRange | undefined,
  limits: { readonly minVersion?: number; readonly maxVersion?: number } = {},
): number {
  const name = call.api.name;
  if (broker === undefined) throw new UnsupportedVersionError(`the broker does not offer ${name}`);
  const min = Math.max(call.minVersion, broker.min, limits.minVersion ?? 0);
  const max = Math.min(call.maxVersion, broker.max, limits.maxVersion ?? call.maxVersion);
  if (min > max)
    throw new UnsupportedVersionError(
      `the broker offers ${name} ${broker.min}-${broker.max}, this needs ${Math.max(call.minVersion, limits.minVersion ?? 0)}-${Math.min(call.maxVersion, limits.maxVersion ?? call.maxVersion)}`,
    );
  return max;
}
