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

/// One batch with one record of about `payload` bytes; opaque to the broker, valid to its checks.
inline Bytes makeBatch(std::size_t payload) {
  using namespace millrace;
  Bytes batch(batch::kHeaderBytes + payload, 0x5a);
  storeBe<std::int64_t>(batch.data(), 0);
  storeBe<std::int32_t>(batch.data() + batch::kLengthAt, static_cast<std::int32_t>(batch.size() - batch::kOverheadBytes));
  storeBe<std::int32_t>(batch.data() + batch::kLeaderEpochAt, -1);
  batch[batch::kMagicAt] = 2;
  storeBe<std::int16_t>(batch.data() + batch::kAttributesAt, 0);
  storeBe<std::int32_t>(batch.data() + batch::kLastOffsetDeltaAt, 0);
  storeBe<std::int64_t>(batch.data() + batch::kBaseTimestampAt, 1000);
  storeBe<std::int64_t>(batch.data() + batch::kMaxTimestampAt, 1000);
  storeBe<std::int64_t>(batch.data() + batch::kProducerIdAt, -1);
  storeBe<std::int16_t>(batch.data() + batch::kProducerEpochAt, -1);
  storeBe<std::int32_t>(batch.data() + batch::kBaseSequenceAt, -1);
  storeBe<std::int32_t>(batch.data() + batch::kRecordCountAt, 1);
  storeBe<std::uint32_t>(batch.data() + batch::kCrcAt, crc32c(batch.data() + batch::kAttributesAt, batch.size() - batch::kAttributesAt));
  return batch;
}

inline Bytes produceRequest(const std::string& topic, const Bytes& batch) {
  Bytes out = beginRequest(0, 7);
  put<std::int16_t>(out, -1);  // transactional id
  put<std::int16_t>(out, 1);   // acks
  put<std::int32_t>(out, 30000);
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, 1);
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, static_cast<std::int32_t>(batch.size()));
  out.insert(out.end(), batch.begin(), batch.end());
  finish(out);
  return out;
}

inline Bytes fetchRequest(const std::string& topic, std::int64_t offset, std::int32_t maxBytes) {
  Bytes out = beginRequest(1, 11);
  put<std::int32_t>(out, -1);  // replica
  put<std::int32_t>(out, 0);   // max wait
  put<std::int32_t>(out, 1);   // min bytes
  put<std::int32_t>(out, 100 << 20);
  put<std::int8_t>(out, 0);
  put<std::int32_t>(out, 0);   // session id
  put<std::int32_t>(out, -1);  // session epoch
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, 1);
  put<std::int32_t>(out, 0);   // partition
  put<std::int32_t>(out, -1);  // leader epoch
  put<std::int64_t>(out, offset);
  put<std::int64_t>(out, -1);
  put<std::int32_t>(out, maxBytes);
  put<std::int32_t>(out, 0);  // forgotten
  putString(out, "");         // rack
  finish(out);
  return out;
}

inline Bytes apiVersionsRequest() {
  Bytes out = beginRequest(18, 0);
  finish(out);
  return out;
}

}  // namespace bench
