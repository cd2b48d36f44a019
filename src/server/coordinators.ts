import type { Clock, Random, Timers } from '../common/ports/index.js';
import type { BrokerConfig } from '../config/index.js';
import type { ProducerIdAllocator } from '../controller/producer_ids.js';
import { groupCoordinatorConfig } from '../coordinator/group_config.js';
import { GroupCoordinator, type GroupCoordinatorConfig, groupMetadataTopic } from '../coordinator/group_coordinator.js';
import { shareCoordinatorConfig } from '../coordinator/share_config.js';
import { ShareCoordinator, shareStateTopic } from '../coordinator/share_coordinator.js';
import { transactionCoordinatorConfig } from '../coordinator/transaction_config.js';
import { TransactionCoordinator, transactionStateTopic } from '../coordinator/transaction_coordinator.js';
import type { MetadataCache } from '../metadata/image.js';
import type { ReplicaManager } from '../replication/replica_manager.js';
import type { Logger } from '../telemetry/logger.js';
import { CoordinatorWiring, deleteInternalRecords, type PartitionCoordinator } from './coordinator_wiring.js';
import { LocalMarkers } from './transaction_markers.js';
import { TransactionVerifier } from './transaction_verifier.js';

export interface CoordinatorsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metadata: MetadataCache;
  readonly replicas: ReplicaManager;
  readonly producerIds: ProducerIdAllocator;
  /** Makes it last that logs begin later. */
  readonly checkpointStarts: () => Promise<void>;
  /** As of the start. */
  readonly config: BrokerConfig;
  /** Nothing may be changed (`--mount`). */
  readonly isReadOnly?: boolean;
  /** As of now. */
  readonly dynamic: () => BrokerConfig;
  /** Instead of what `config` says. */
  readonly groupConfig?: GroupCoordinatorConfig;
}

/** The broker's coordinators and what connects them to its partitions. */
export interface Coordinators {
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly shareCoordinator: ShareCoordinator;
  readonly markers: LocalMarkers;
  readonly verifier: TransactionVerifier;
  readonly wiring: CoordinatorWiring;
  close(): void;
}

export function assembleCoordinators(deps: CoordinatorsDeps): Coordinators {
  const { clock, timers, random, logger, metadata, replicas, producerIds, config } = deps;
  const verifiesTransactions = () => deps.dynamic().boolean('transaction.partition.verification.enable');
  const groupConfig = deps.groupConfig ?? groupCoordinatorConfig(config);
  const groups = new GroupCoordinator({ clock, timers, random, logger, config: groupConfig, metadata });
  const timeoutMs = config.int('request.timeout.ms');
  const markers = new LocalMarkers({ clock, timers, replicas, groups, timeoutMs });
  const transactions = new TransactionCoordinator({
    clock,
    timers,
    logger,
    config: transactionCoordinatorConfig(config, deps.isReadOnly ?? false),
    metadata,
    producerIds,
    markers,
  });
  const shareCoordinator = new ShareCoordinator({
    clock,
    timers,
    logger,
    config: shareCoordinatorConfig(config),
    metadata,
    deleteRecords: (partition, offset) =>
      deleteInternalRecords(replicas, deps.checkpointStarts, shareStateTopic, partition, offset),
  });
  const verifier = new TransactionVerifier({
    clock,
    timers,
    replicas,
    transactions,
    verifiesTransactions,
    retryMs: config.int('add.partitions.to.txn.retry.backoff.ms'),
    retryForMs: Math.min(config.int('add.partitions.to.txn.retry.backoff.max.ms'), timeoutMs),
  });
  const wiring = new CoordinatorWiring(
    { replicas, clock, verifiesTransactions },
    new Map<string, PartitionCoordinator>([
      [groupMetadataTopic, groups],
      [transactionStateTopic, transactions],
      [shareStateTopic, shareCoordinator],
    ]),
  );
  return {
    groups,
    transactions,
    shareCoordinator,
    markers,
    verifier,
    wiring,
    close: () => {
      transactions.close();
      markers.close();
      shareCoordinator.close();
      groups.close();
    },
  };
}
