/**
 * Why record bytes were copied instead of handed to the socket by sendfile. Nothing counts as `tls` (encrypted in this process) or
 * `down-level` (converted for an old client) before there is such a way out.
 */
export type CopyReason =
  | 'small' /* below millrace.sendfile.min.bytes */
  | 'cold' /* small, and a thread had to read them from the medium first */
  | 'tls'
  | 'down-level';

/** What left with records, since the start. Bytes count when the kernel has taken them. */
export interface EgressTotals {
  readonly bytesSendfile: number;
  readonly bytesCopied: Readonly<Record<CopyReason, number>>;
  /** Responses with records. */
  readonly answers: number;
  /** Runs of bytes of one segment file: one per partition and response. */
  readonly regions: number;
  /** System calls that sent them and the memory beside them. A call with several topics counts for the first. */
  readonly sendCalls: number;
  readonly sendfileCalls: number;
  readonly preadCalls: number;
  /** Times a response waited for a thread to read its bytes from the medium. */
  readonly coldStops: number;
  /** Bytes asked of these threads; they then left by sendfile or by a copy, as their size says. */
  readonly bytesLoaded: number;
  /** Partitions looked at by a request that the transport answered again by itself (`RepeatTerms`), and the bytes found there. By topic only. */
  readonly repeats: number;
  readonly bytesRepeated: number;
}

/** Accounts of what is sent by topic and by client. */
export interface EgressAccounts {
  /** Number that the topic's logs put on their regions; the same for the same name until it is forgotten. */
  topicAccount(topic: string): number;
  /** The topic was deleted: its counts become those of `other`. */
  forgetTopic(topic: string): void;
  topics(): Iterable<readonly [topic: string, totals: EgressTotals]>;
  /** By client id; '' are clients that do not name themselves. */
  clients(): Iterable<readonly [clientId: string, totals: EgressTotals]>;
  /** Deleted topics; clients that went when there were too many to keep apart. */
  otherTopics(): EgressTotals;
  otherClients(): EgressTotals;
}
