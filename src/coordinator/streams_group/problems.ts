/** StatusCode of a StreamsGroupHeartbeat response. */
export const StreamsStatus = {
  staleTopology: 0,
  missingSourceTopics: 1,
  incorrectlyPartitioned: 2,
  missingInternalTopics: 3,
  shutdownApplication: 4,
  assignmentDelayed: 5,
} as const;

export interface Status {
  readonly statusCode: number;
  readonly statusDetail: string;
}

/** A problem that keeps a topology from being run, as a status of the group. */
export class TopologyProblem extends Error {
  override readonly name = 'TopologyProblem';

  constructor(readonly status: Status) {
    super(status.statusDetail);
  }
}

/** A topology that can never be run. */
export class InvalidTopology extends Error {
  override readonly name = 'InvalidTopology';
}
