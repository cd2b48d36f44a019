import type { SaslAuthenticateRequest, SaslAuthenticateResponseInput } from '../../protocol/api/sasl_authenticate.js';
import type { SaslHandshakeRequest, SaslHandshakeResponseInput } from '../../protocol/api/sasl_handshake.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { Handler } from '../handler.js';

/** SaslHandshake on a listener without SASL, or once that is over: ILLEGAL_SASL_STATE. */
export function saslHandshakeHandler(): Handler<SaslHandshakeRequest, SaslHandshakeResponseInput> {
  return () => ({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] });
}

/** SaslAuthenticate there: the same. */
export function saslAuthenticateHandler(): Handler<SaslAuthenticateRequest, SaslAuthenticateResponseInput> {
  return () => ({
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    errorMessage: 'There is nothing to authenticate: this listener has no SASL, or it is over.',
    authBytes: Buffer.alloc(0),
  });
}
