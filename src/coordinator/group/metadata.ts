import type { MetadataImage } from '../../metadata/image.js';
import type { TopicChanges } from '../modern/topics.js';
import type { GroupDecision } from './commands.js';
import type { Turn } from './turn.js';

/** The cluster's metadata changed: groups look at their topics with the next heartbeat if any topic is different. */
export function decideMetadata(image: MetadataImage, changes: TopicChanges, turn: Turn): GroupDecision {
  turn.records.push({ kind: 'metadata', image, ...changes });
  return turn.done();
}
