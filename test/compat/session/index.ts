import { configs } from './configs.js';
import { consumerGroups } from './consumer_groups.js';
import { errors, versions } from './errors.js';
import { fetches } from './fetch.js';
import { groups } from './groups.js';
import { pages, shows } from './metadata.js';
import { places } from './places.js';
import { productions, sequences } from './produce.js';
import type { Step } from './step.js';
import { collisions, creations, deletions, growth } from './topics.js';
import { transactionalOffsets, transactionLists, transactions } from './transactions.js';

/** The whole conversation, in order: later parts use topics of earlier ones. */
export const session: readonly Step[] = [
  ...versions,
  ...creations,
  ...shows,
  ...pages,
  ...growth,
  ...deletions,
  ...configs,
  ...productions,
  ...sequences,
  ...fetches,
  ...places,
  ...groups,
  ...transactions,
  ...transactionalOffsets,
  ...transactionLists,
  ...consumerGroups,
  ...errors,
  ...collisions,
];
