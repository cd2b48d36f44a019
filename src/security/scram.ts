import { createHash, createHmac } from 'node:crypto';
import type { ScramCredential } from '../metadata/image.js';

/** SCRAM mechanisms by their number in the protocol, with Kafka's bounds on iterations. */
export const scramMechanisms: ReadonlyMap<
  number,
  { readonly name: string; readonly hash: string; readonly minIterations: number; readonly maxIterations: number }
> = new Map([
  [1, { name: 'SCRAM-SHA-256', hash: 'sha256', minIterations: 4096, maxIterations: 16_384 }],
  [2, { name: 'SCRAM-SHA-512', hash: 'sha512', minIterations: 4096, maxIterations: 16_384 }],
]);

/**
 * What is kept of a password: of the salted one that the client sends (RFC 5802, section 3: StoredKey = H(HMAC(salted, "Client Key")),
 * ServerKey = HMAC(salted, "Server Key")). `hash` as Node names it.
 */
export function scramCredential(
  hash: string,
  iterations: number,
  salt: Uint8Array,
  saltedPassword: Uint8Array,
): ScramCredential {
  const hmac = (text: string) => createHmac(hash, saltedPassword).update(text).digest();
  return {
    iterations,
    salt: Buffer.from(salt).toString('base64'),
    storedKey: createHash(hash).update(hmac('Client Key')).digest('base64'),
    serverKey: hmac('Server Key').toString('base64'),
  };
}
