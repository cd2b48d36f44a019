#pragma once

// What the reference server and the load client need of the Kafka protocol, by hand: Produce v7 and Fetch v11 (not flexible),
// ApiVersions v0. The bytes of every request and response are Kafka's.

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../../native/base/bytes.h"
#include "../../native/base/crc32c.h"
#include "../../native/log/batch.h"

namespace bench {

using Bytes = std::vector<std::uint8_t>;
using millrace::loadBe;
using millrace::storeBe;

template <typename T>
void put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  storeBe(out.data() + at, value);
}

inline void putString(Bytes& out, const std::string& text) {
  put<std::int16_t>(out, static_cast<std::int16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

inline Bytes beginRequest(std::int16_t key, std::int16_t version) {
  Bytes out;
  put<std::int32_t>(out, 0);  // size
  put<std::int16_t>(out, key);
  put<std::int16_t>(out, version);
  put<std::int32_t>(out, 0);  // correlation id, set before each send
  putString(out, "bench");
  return out;
}

inline void finish(Bytes& out) { storeBe<std::int32_t>(out.data(), static_cast<std::int32_t>(out.size() - 4)); }

/// Zigzag, as Kafka writes lengths and deltas inside a record.
inline void putVarint(Bytes& out, std::int64_t value) {
  auto rest = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; rest >= 0x80; rest >>= 7) out.push_back(static_cast<std::uint8_t>(rest | 0x80));
  out.push_back(static_cast<std::uint8_t>(rest));
}

/// A batch of `records` records without keys, with values of `valueBytes` bytes each.
inline Bytes makeBatch(std::size_t valueBytes, int records, std::int64_t timestampMs) {
  using namespace millrace;
  Bytes batch(batch::kHeaderBytes);
  for (int i = 0; i < records; ++i) {
    Bytes record = {0, 0};  // attributes, timestamp delta
    putVarint(record, i);
    putVarint(record, -1);
    putVarint(record, static_cast<std::int64_t>(valueBytes));
    record.insert(record.end(), valueBytes, static_cast<std::uint8_t>(0x5a + i));
    putVarint(record, 0);
    putVarint(batch, static_cast<std::int64_t>(record.size()));
    batch.insert(batch.end(), record.begin(), record.end());
  }
  storeBe<std::int64_t>(batch.data(), 0);
  storeBe<std::int32_t>(batch.data() + batch::kLengthAt, static_cast<std::int32_t>(batch.size() - batch::kOverheadBytes));
  storeBe<std::int32_t>(batch.data() + batch::kLeaderEpochAt, -1);
  batch[batch::kMagicAt] = 2;
  storeBe<std::int16_t>(batch.data() + batch::kAttributesAt, 0);
  storeBe<std::int32_t>(batch.data() + batch::kLastOffsetDeltaAt, records - 1);
  storeBe<std::int64_t>(batch.data() + batch::kBaseTimestampAt, timestampMs);
  storeBe<std::int64_t>(batch.data() + batch::kMaxTimestampAt, timestampMs);
  storeBe<std::int64_t>(batch.data() + batch::kProducerIdAt, -1);
  storeBe<std::int16_t>(batch.data() + batch::kProducerEpochAt, -1);
  storeBe<std::int32_t>(batch.data() + batch::kBaseSequenceAt, -1);
  storeBe<std::int32_t>(batch.data() + batch::kRecordCountAt, records);
  storeBe<std::uint32_t>(batch.data() + batch::kCrcAt, crc32c(batch.data() + batch::kAttributesAt, batch.size() - batch::kAttributesAt));
  return batch;
}

/// One record, and the batch exactly `bytes` long; empty when no value gives that length.
inline Bytes makeBatchOfSize(std::size_t bytes, std::int64_t timestampMs) {
  for (std::size_t overhead = millrace::batch::kHeaderBytes; overhead < bytes && overhead < millrace::batch::kHeaderBytes + 32; ++overhead) {
    Bytes batch = makeBatch(bytes - overhead, 1, timestampMs);
    if (batch.size() == bytes) return batch;
  }
  return {};
}

/// Everything of a Produce request before its one batch. The two places that differ from request to request are behind the topic.
inline Bytes produceHeader(const std::string& topic, std::int16_t acks, std::size_t batchBytes) {
  Bytes out = beginRequest(0, 7);
  put<std::int16_t>(out, -1);  // transactional id
  put<std::int16_t>(out, acks);
  put<std::int32_t>(out, 30000);
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, 1);
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, static_cast<std::int32_t>(batchBytes));
  storeBe<std::int32_t>(out.data(), static_cast<std::int32_t>(out.size() + batchBytes - 4));
  return out;
}
inline constexpr std::size_t kCorrelationAt = 8;
inline constexpr std::size_t kProduceAcksAt = 4 + 8 + 2 + 5 + 2;
inline std::size_t producePartitionAt(const std::string& topic) { return kProduceAcksAt + 2 + 4 + 4 + 2 + topic.size() + 4; }

struct FetchPosition {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

inline Bytes fetchRequest(const std::string& topic, const std::vector<FetchPosition>& positions, std::int32_t maxWaitMs, std::int32_t partitionMaxBytes) {
  Bytes out = beginRequest(1, 11);
  put<std::int32_t>(out, -1);  // replica
  put<std::int32_t>(out, maxWaitMs);
  put<std::int32_t>(out, 1);   // min bytes
  put<std::int32_t>(out, 100 << 20);
  put<std::int8_t>(out, 0);
  put<std::int32_t>(out, 0);   // session id
  put<std::int32_t>(out, -1);  // session epoch
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, static_cast<std::int32_t>(positions.size()));
  for (const FetchPosition& position : positions) {
    put<std::int32_t>(out, position.partition);
    put<std::int32_t>(out, -1);  // leader epoch
    put<std::int64_t>(out, position.offset);
    put<std::int64_t>(out, -1);
    put<std::int32_t>(out, partitionMaxBytes);
  }
  put<std::int32_t>(out, 0);  // forgotten
  putString(out, "");         // rack
  finish(out);
  return out;
}
/// Of the last byte of the time that a Fetch waits.
inline constexpr std::size_t kFetchWaitAt = 4 + 8 + 2 + 5 + 4 + 3;
inline std::size_t fetchPartitionAt(const std::string& topic) { return 4 + 8 + 2 + 5 + 4 * 4 + 1 + 4 + 4 + 4 + 2 + topic.size() + 4; }

inline Bytes apiVersionsRequest() {
  Bytes out = beginRequest(18, 0);
  finish(out);
  return out;
}

}  // namespace bench
