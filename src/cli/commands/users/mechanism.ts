import { Option } from 'commander';
import type { ScramMechanismName } from '../../../client/index.js';

export const mechanisms: readonly ScramMechanismName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

export function mechanismOption(): Option {
  return new Option('--mechanism <mechanism>', 'of the credential').choices(mechanisms).default(mechanisms[1]);
}
