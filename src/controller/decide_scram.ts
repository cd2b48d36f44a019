import { keys } from '../metadata/keys.js';
import { parseScram } from '../metadata/sections.js';
import { ErrorCode } from '../protocol/errors.js';
import { scramCredential, scramMechanisms } from '../security/scram.js';
import { type ControllerError, failure } from './assignments.js';
import type { Edits } from './controller.js';

export interface ScramDeletion {
  readonly name: string;
  readonly mechanism: number;
}
export interface ScramUpsertion extends ScramDeletion {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly saltedPassword: Uint8Array;
}

/**
 * AlterUserScramCredentials: each user at most once in a request (DUPLICATE_RESOURCE for both otherwise), users apart from each other.
 * RESOURCE_NOT_FOUND, UNSUPPORTED_SASL_MECHANISM, UNACCEPTABLE_CREDENTIAL.
 */
export function decideScram(
  values: ReadonlyMap<string, string>,
  deletions: readonly ScramDeletion[],
  upsertions: readonly ScramUpsertion[],
): { readonly edits: Edits; readonly results: ReadonlyMap<string, ControllerError> } {
  const edits = new Map<string, string | null>();
  const results = new Map<string, ControllerError>();
  const counts = new Map<string, number>();
  for (const { name } of [...deletions, ...upsertions]) counts.set(name, (counts.get(name) ?? 0) + 1);
  const credentialsOf = (user: string) => parseScram(values.get(keys.scramUser(user)) ?? '{}');
  const store = (user: string, credentials: ReturnType<typeof credentialsOf>): void => {
    const value = credentials.size === 0 ? null : JSON.stringify(Object.fromEntries(credentials));
    edits.set(keys.scramUser(user), value);
    results.set(user, failure(ErrorCode.NONE));
  };
  for (const { name, mechanism } of deletions) {
    const credentials = credentialsOf(name);
    const refused =
      twice(counts, name) ??
      checkNamed(name, mechanism) ??
      (credentials.delete(mechanism)
        ? undefined
        : failure(ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist'));
    if (refused !== undefined) results.set(name, refused);
    else store(name, credentials);
  }
  for (const { name, mechanism, iterations, salt, saltedPassword } of upsertions) {
    const refused =
      twice(counts, name) ?? checkNamed(name, mechanism) ?? checkSecret(mechanism, iterations, saltedPassword);
    if (refused !== undefined) {
      results.set(name, refused);
      continue;
    }
    const hash = scramMechanisms.get(mechanism)?.hash ?? '';
    store(name, credentialsOf(name).set(mechanism, scramCredential(hash, iterations, salt, saltedPassword)));
  }
  return { edits, results };
}

function twice(counts: ReadonlyMap<string, number>, user: string): ControllerError | undefined {
  return (counts.get(user) ?? 0) > 1
    ? failure(ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request')
    : undefined;
}

function checkNamed(user: string, mechanism: number): ControllerError | undefined {
  if (user === '') return failure(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty');
  return scramMechanisms.has(mechanism)
    ? undefined
    : failure(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism');
}

function checkSecret(mechanism: number, iterations: number, password: Uint8Array): ControllerError | undefined {
  const { minIterations = 0, maxIterations = 0 } = scramMechanisms.get(mechanism) ?? {};
  const refuse = (why: string) => failure(ErrorCode.UNACCEPTABLE_CREDENTIAL, why);
  if (iterations < minIterations) return refuse('Too few iterations');
  if (iterations > maxIterations) return refuse('Too many iterations');
  return password.length === 0 ? refuse('The salted password must not be empty') : undefined;
}
