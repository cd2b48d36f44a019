import type { Uuid } from '../common/ids.js';
import type { MetadataImage } from '../metadata/image.js';
import { keys } from '../metadata/keys.js';
import type { MetadataStore } from '../metadata/store.js';
import type { LogOwners } from '../storage/partition_directories.js';

/** Whose the directories of partitions are, by what the metadata says at the start. @throws MetadataStoreError */
export async function logOwners(store: MetadataStore, image: MetadataImage, nodeId: number): Promise<LogOwners> {
  const notes = await store.list(keys.deletedTopics);
  const deleted = new Set(notes.map(({ key }) => key.slice(keys.deletedTopics.length)));
  return {
    topicIdOf(topic: string, partition: number): Uuid | undefined {
      const found = image.topicsByName.get(topic);
      return found?.partitions[partition]?.replicas.includes(nodeId) === true ? found.id : undefined;
    },
    isDeleted: (topicId) => deleted.has(topicId),
  };
}
