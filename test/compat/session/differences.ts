/** A place where Millrace answers otherwise on purpose. `row` is the first column of its reason in ../DIFFERENCES.md. */
export interface Difference {
  readonly row: string;
  /** Steps, and paths in their answers. Each must differ in at least one place, else the entry is out of date. */
  readonly step: RegExp;
  readonly path: RegExp;
  /** Where given, only differences from this answer of Kafka's (as JSON) are meant. */
  readonly kafka?: RegExp;
}

const malformed = /malformed by the client library/;

export const deliberate: readonly Difference[] = [
  { row: 'Features', step: /^versions: /, path: /^(supported|finalized)Features\[/ },
  { row: 'Features', step: /^features: /, path: /^(error|results)/ },
  {
    row: 'Cluster-wide min.insync.replicas',
    step: /^(create: for (leaders|acls|hints|little|streams groups|group topics)|access: create topics)/,
    path: /min\.insync\.replicas\]\.configSource$/,
    kafka: /^3$/,
  },
  { row: 'Listeners of the quorum', step: /^quorum: v2$/, path: /^nodes/ },
  { row: 'SCRAM credentials with an empty password', step: /^scram: alter no password$/, path: /\.error/ },
  { row: 'Two colliding names in one CreateTopics', step: /^create: colliding in one request$/, path: /^topics/ },
  { row: 'Values of configs', step: /^create: configs$/, path: /c-spaces\]\.configs\[.*\.value$/ },
  { row: 'Metadata that names neither a topic nor an id', step: /^metadata: without name and id$/, path: /./ },
  { row: 'Error texts', step: /^(partitions|produce|sequence): /, path: /[eE]rrorMessage$/, kafka: /^null$/ },
  { row: 'Error texts', step: /^describe: bad topics$/, path: /errorMessage$/, kafka: /^""$/ },
  { row: 'Error texts', step: /^(describe: other types|coordinator: )/, path: /errorMessage$/, kafka: malformed },
  {
    row: 'Unknown operation in IncrementalAlterConfigs',
    step: /^alter: unknown operation$/,
    path: /error(Code|Message)$/,
  },
  {
    row: 'Names of loggers',
    step: /^(alter: loggers|resources: (alter|describe) a logger)/,
    path: /\.(error(Code|Message)|configs\[kafka\.server\.KafkaApis\])$/,
  },
  { row: 'A topic twice in one Produce', step: /^produce: a topic twice$/, path: /^responses/ },
  { row: 'Produce with null records', step: /^produce: null records$/, path: /^\.$/, kafka: /^"silence"$/ },
  { row: 'A partition twice in one Fetch', step: /^fetch: the same partition twice$/, path: /^responses/ },
  { row: 'Fetch with negative maxBytes', step: /^fetch: negative max bytes$/, path: /^responses/ },
  {
    row: 'WriteTxnMarkers with a negative epoch',
    step: /^txn markers: v2, an epoch that is gone$/,
    path: /errorCode$/,
    kafka: /^-1$/,
  },
  { row: 'HTTP on the Kafka port', step: /^raw: HTTP$/, path: /^bytes$/ },
  { row: 'Metadata with auto-creation', step: /^metadata: with access, v1$/, path: /^topics\[z-none\]/ },
  {
    row: 'Access rules that say nothing',
    step: /^acls: (create|describe|delete) (with|without) /,
    path: /^\.$/,
    kafka: /^"closed"$/,
  },
  { row: 'Access rules that say nothing', step: /^acls: create (with|without) /, path: /errorCode$/, kafka: /^-1$/ },
  { row: 'Error texts', step: /^acls: create (with|without) /, path: /errorMessage$/ },
  { row: 'Error texts', step: /^a(ccess|cls): /, path: /errorMessage$/, kafka: /needs [A-Z_]+ permission|malformed/ },
  { row: 'Error texts', step: /^topics: describe /, path: /errorMessage$/, kafka: /not authorized to describe/ },
  { row: 'Error texts', step: /^sasl: authenticate /, path: /errorMessage$/ },
  { row: 'Error texts', step: /^access: alter c/, path: /errorMessage$/, kafka: /^null$/ },
  {
    row: 'DescribeUserScramCredentials without access',
    step: /^access: credentials$/,
    path: /^\.$/,
    kafka: /^"silence"$/,
  },
];
