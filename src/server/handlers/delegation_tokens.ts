import type {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponseInput,
} from '../../protocol/api/create_delegation_token.js';
import type { DescribeDelegationTokenResponseInput } from '../../protocol/api/describe_delegation_token.js';
import type { ExpireDelegationTokenResponseInput } from '../../protocol/api/expire_delegation_token.js';
import type { RenewDelegationTokenResponseInput } from '../../protocol/api/renew_delegation_token.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

// Delegation tokens (KIP-48) are asked for on authenticated connections only, and there are none: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.
const lowestVersionWithRequester = 3;
const errorCode = ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED;

export function createDelegationTokenHandler(): Handler<
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponseInput
> {
  return ({ ownerPrincipalType, ownerPrincipalName }, { principal, apiVersion }) => {
    const colon = principal.indexOf(':');
    const [type, name] = [principal.slice(0, colon), principal.slice(colon + 1)];
    const isForAnother = ownerPrincipalName !== null && ownerPrincipalName !== '';
    return {
      errorCode,
      principalType: isForAnother ? (ownerPrincipalType ?? type) : type,
      principalName: isForAnother ? ownerPrincipalName : name,
      ...(apiVersion >= lowestVersionWithRequester
        ? { tokenRequesterPrincipalType: type, tokenRequesterPrincipalName: name }
        : {}),
      issueTimestampMs: -1,
      expiryTimestampMs: -1,
      maxTimestampMs: -1,
      tokenId: '',
      hmac: Buffer.alloc(0),
    };
  };
}

export function renewDelegationTokenHandler(): Handler<unknown, RenewDelegationTokenResponseInput> {
  return () => ({ errorCode, expiryTimestampMs: -1 });
}

export function expireDelegationTokenHandler(): Handler<unknown, ExpireDelegationTokenResponseInput> {
  return () => ({ errorCode, expiryTimestampMs: -1 });
}

export function describeDelegationTokenHandler(): Handler<unknown, DescribeDelegationTokenResponseInput> {
  return () => ({ errorCode, tokens: [] });
}
