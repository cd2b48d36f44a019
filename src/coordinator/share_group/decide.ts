import type { GroupDecision } from '../group/commands.js';
import type { GroupState } from '../group/state.js';
import type { Turn } from '../group/turn.js';
import type { ShareGroupCommand } from './commands.js';
import { decideShareDescribe } from './describe.js';
import { decideShareFence } from './fencing.js';
import { decideShareHeartbeat } from './heartbeat.js';
import { decideAlterShareOffsets, decideDeleteShareOffsets } from './offsets.js';
import { decideDeleteDone, decideDeleteShareGroups, decideInitializeDone, decideShareInitialized } from './states.js';

export function decideShare(state: GroupState, command: ShareGroupCommand, turn: Turn): GroupDecision {
  switch (command.kind) {
    case 'share-heartbeat':
      return decideShareHeartbeat(state, command, turn);
    case 'share-describe':
      return decideShareDescribe(state, command, turn);
    case 'share-initialized':
      return decideShareInitialized(state, command, turn);
    case 'share-initialize-done':
      return decideInitializeDone(state, command, turn);
    case 'share-alter-offsets':
      return decideAlterShareOffsets(state, command, turn);
    case 'share-delete-offsets':
      return decideDeleteShareOffsets(state, command, turn);
    case 'share-delete-done':
      return decideDeleteDone(state, command, turn);
    case 'share-delete-groups':
      return decideDeleteShareGroups(state, command, turn);
    case 'share-fence':
      return decideShareFence(state, command, turn);
  }
}
