import { describe, it } from 'vitest';
import { brokenMoves } from '../storage/broken_moves.js';

describe('a move between log directories that breaks at every call', () => {
  it.each(['EIO', 'ENOSPC'] as const)('ends in one of the two with everything acknowledged: %s', (how) =>
    brokenMoves(how, 1),
  );
});
