import { RequestHeader, ResponseHeader } from './data/headers.js';
import { DecodeError, type Reader } from './reader.js';
import { type Api, apiByKey, requestHeaderVersion, responseHeaderVersion } from './registry.js';
import type { Writer } from './writer.js';

/** What the pipeline needs of a request before its body is looked at. */
export interface DecodedHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Undefined for a key that does not exist. */
  readonly api: Api | undefined;
  /** Whether the body can be decoded; without it the header may be incomplete (only the first eight bytes are sure). */
  readonly versionKnown: boolean;
}

/**
 * Reads a request header; the reader is left at the body. The header's own version follows from key and version, which
 * may be ones that do not exist: then only the fixed part is read (an ApiVersions request of the future still gets its answer).
 *
 * @throws DecodeError
 */
export function decodeRequestHeader(reader: Reader): DecodedHeader {
  const start = reader.position;
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const api = apiByKey(apiKey);
  if (api === undefined || !api.request.hasVersion(apiVersion))
    return { apiKey, apiVersion, correlationId, clientId: peekClientId(reader), api, versionKnown: false };
  // The rest as the schema of RequestHeader has it, without an object in between: every request passes here.
  const clientId = reader.nullableString(reader.length16());
  if (requestHeaderVersion(api, apiVersion) === 2 && reader.taggedCount() > 0) {
    reader.position = start;
    RequestHeader.decode(reader, 2);
  }
  return { apiKey, apiVersion, correlationId, clientId, api, versionKnown: true };
}

/** Every header version above 0 goes on with the client id; for the log only. */
function peekClientId(reader: Reader): string | null {
  try {
    return reader.nullableString(reader.length16());
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** Starts a response frame: room for the size, then the header. {@link finishFrame} fills in the size. */
export function beginResponse(writer: Writer, api: Api, version: number, correlationId: number): void {
  writer.reserve(4);
  writer.int32(correlationId);
  if (responseHeaderVersion(api, version) === 1) writer.unsignedVarint(0);
}

/** Puts the size of everything written since the frame began (at position 0) in its first four bytes. */
export function finishFrame(writer: Writer): void {
  writer.patchInt32(0, writer.totalBytes - 4);
}

/** A whole request frame, size included. */
export function encodeRequest(
  writer: Writer,
  api: Api,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: object,
): void {
  writer.reset().reserve(4);
  const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId };
  RequestHeader.encode(writer, requestHeaderVersion(api, version), header);
  api.request.encode(writer, version, body);
  finishFrame(writer);
}

/** Reads a response header; the reader (over a frame without its size) is left at the body. */
export function decodeResponseHeader(reader: Reader, api: Api, version: number): number {
  return ResponseHeader.decode(reader, responseHeaderVersion(api, version)).correlationId;
}
