import { pbkdf2Sync } from 'node:crypto';
import { adminCalls } from '../admin_calls.js';
import type { ClusterClient } from '../cluster_client.js';
import { throwIfError } from '../errors.js';
import { type Outcome, protocolErrorOf } from './outcome.js';

/** By the number in the protocol; 0 is unknown. */
export const scramMechanismNames = ['', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type ScramMechanismName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

export interface ScramUser extends Outcome {
  readonly credentials: ReadonlyArray<{ readonly mechanism: string; readonly iterations: number }>;
}

/** No names: all users. */
export async function describeScramUsers(
  cluster: ClusterClient,
  names: readonly string[],
): Promise<readonly ScramUser[]> {
  const { response } = await cluster.retry('describing users', () =>
    cluster.sendAny(adminCalls.describeUserScramCredentials, { users: names.map((name) => ({ name })) }),
  );
  throwIfError(response.errorCode, 'users', response.errorMessage);
  return response.results.map(({ user, errorCode, errorMessage, credentialInfos }) => ({
    name: user,
    error: protocolErrorOf(errorCode, `user ${user}`, errorMessage),
    credentials: credentialInfos.map(({ mechanism, iterations }) => ({
      mechanism: scramMechanismNames[mechanism] ?? `mechanism ${mechanism}`,
      iterations,
    })),
  }));
}

export interface ScramCredentialChange {
  readonly user: string;
  readonly mechanism: ScramMechanismName;
  /** Null takes the credential away. */
  readonly password: string | null;
  readonly iterations: number;
  /** Random bytes; at least 16 of them. */
  readonly salt: Uint8Array;
}

/** The password is salted here; it does not leave this process. Cost: `iterations` of the hash. */
export async function alterScramUser(cluster: ClusterClient, change: ScramCredentialChange): Promise<Outcome> {
  const { user, iterations, salt, password } = change;
  const mechanism = scramMechanismNames.indexOf(change.mechanism);
  const [bytes, hash] = change.mechanism === 'SCRAM-SHA-256' ? ([32, 'sha256'] as const) : ([64, 'sha512'] as const);
  const body =
    password === null
      ? { deletions: [{ name: user, mechanism }], upsertions: [] }
      : {
          deletions: [],
          upsertions: [
            {
              name: user,
              mechanism,
              iterations,
              salt: Buffer.from(salt),
              saltedPassword: pbkdf2Sync(password.normalize('NFKC'), salt, iterations, bytes, hash),
            },
          ],
        };
  const { response } = await cluster.retry('changing a user', () =>
    cluster.sendAny(adminCalls.alterUserScramCredentials, body),
  );
  const [result] = response.results;
  const subject = password === null ? `${change.mechanism} of user ${user}` : `user ${user}`;
  return { name: user, error: protocolErrorOf(result?.errorCode ?? 0, subject, result?.errorMessage ?? null) };
}
