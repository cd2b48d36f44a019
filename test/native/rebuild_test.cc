#include "../../native/base/crc32c.h"
#include "../../native/log/batch_rebuild.h"
#include "../../native/log/records.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
constexpr std::int64_t kBeginMs = 1'700'000'000'000;

struct Input {
  std::int64_t timestampMs;
  bool hasKey;
  std::string value;
};

void appendVarint(std::int64_t value, std::vector<std::uint8_t>& out) {
  std::uint64_t raw = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; raw >= 0x80; raw >>= 7) out.push_back(static_cast<std::uint8_t>(raw | 0x80));
  out.push_back(static_cast<std::uint8_t>(raw));
}

std::vector<std::uint8_t> batchOf(const std::vector<Input>& inputs, Codec codec, std::int64_t baseTimestampMs) {
  std::vector<std::uint8_t> records;
  std::int64_t maxMs = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::vector<std::uint8_t> rest;
    appendVarint(inputs[i].hasKey ? 1 : -1, rest);
    if (inputs[i].hasKey) rest.push_back('k');
    appendVarint(static_cast<std::int64_t>(inputs[i].value.size()), rest);
    rest.insert(rest.end(), inputs[i].value.begin(), inputs[i].value.end());
    for (const std::uint8_t byte : {2, 2, 104, 1}) rest.push_back(byte);  // one header, its value null
    RecordView record;
    record.attributes = 7;
    record.offsetDelta = static_cast<std::int32_t>(i);
    record.rest = rest;
    appendRecord(record, inputs[i].timestampMs - baseTimestampMs, records);
    maxMs = std::max(maxMs, inputs[i].timestampMs);
  }
  std::vector<std::uint8_t> bytes(batch::kHeaderBytes);
  compress(codec, records, bytes);
  storeBe<std::int32_t>(bytes.data() + batch::kLengthAt, static_cast<std::int32_t>(bytes.size() - batch::kOverheadBytes));
  bytes[batch::kMagicAt] = 2;
  storeBe<std::int16_t>(bytes.data() + batch::kAttributesAt, static_cast<std::int16_t>(static_cast<int>(codec) | 1 << 4));
  storeBe<std::int32_t>(bytes.data() + batch::kLastOffsetDeltaAt, static_cast<std::int32_t>(inputs.size() - 1));
  storeBe<std::int64_t>(bytes.data() + batch::kBaseTimestampAt, baseTimestampMs);
  storeBe<std::int64_t>(bytes.data() + batch::kMaxTimestampAt, maxMs);
  storeBe<std::int64_t>(bytes.data() + batch::kProducerIdAt, 77);
  storeBe<std::int16_t>(bytes.data() + batch::kProducerEpochAt, 3);
  storeBe<std::int32_t>(bytes.data() + batch::kBaseSequenceAt, 41);
  storeBe<std::int32_t>(bytes.data() + batch::kRecordCountAt, static_cast<std::int32_t>(inputs.size()));
  storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
  return bytes;
}

RebuiltBatch rebuilt(const std::vector<std::uint8_t>& bytes, const RebuildOptions& options) {
  return rebuildBatch(bytes.data(), BatchHeader::load(bytes.data()), options);
}

}  // namespace

TEST(a_batch_built_anew_has_the_same_records_in_the_other_codec) {
  for (unsigned long long seed = 1; seed <= 40; ++seed) {
    harness::Random random(seed);
    std::vector<Input> inputs;
    for (std::size_t count = 1 + random.below(30); count > 0; --count)
      inputs.push_back({kBeginMs + static_cast<std::int64_t>(random.below(10'000)), random.below(2) == 0, std::string(random.below(300), static_cast<char>('a' + random.below(26)))});
    for (const Codec from : kCodecs) {
      for (const Codec to : kCodecs) {
        const auto bytes = batchOf(inputs, from, kBeginMs - 500);
        const auto result = rebuilt(bytes, {.codec = to, .level = defaultLevel(to)});
        CHECK(result.status == RebuildStatus::kOk && result.faults.empty());
        CHECK(result.bytes.empty() == (from == to));
        if (from == to) continue;
        BatchHeader header;
        CHECK(inspectBatch(result.bytes.data(), result.bytes.size(), header) == BatchStatus::kOk);
        CHECK((header.attributes & 7) == static_cast<int>(to) && (header.attributes & (1 << 4)) != 0);
        CHECK(header.producerId == 77 && header.producerEpoch == 3 && header.baseSequence == 41);
        CHECK(header.baseTimestampMs == inputs[0].timestampMs);
        std::vector<std::uint8_t> plain;
        CHECK(decompress(to, ByteView(result.bytes).subspan(batch::kHeaderBytes), plain, 1 << 20) == CodecStatus::kOk);
        RecordCursor cursor(plain);
        std::size_t index = 0;
        for (RecordView record; cursor.next(record); ++index) {
          CHECK(record.attributes == 0 && record.offsetDelta == static_cast<std::int32_t>(index));
          CHECK(header.baseTimestampMs + record.timestampDelta == inputs[index].timestampMs);
          CHECK(record.key.has_value() == inputs[index].hasKey && headersWellFormed(record));
        }
        CHECK(!cursor.malformed() && index == inputs.size());
      }
    }
  }
}

TEST(faulty_records_are_named_and_nothing_is_built) {
  const auto bytes = batchOf({{kBeginMs, true, "a"}, {kBeginMs + 10, false, "b"}, {kBeginMs + 20, true, "c"}, {-1, false, "d"}}, Codec::kGzip, kBeginMs);
  const auto result = rebuilt(bytes, {.codec = Codec::kZstd, .level = 3, .keysNeeded = true, .earliestMs = kBeginMs, .latestMs = kBeginMs + 15});
  CHECK(result.status == RebuildStatus::kOk && result.bytes.empty() && result.faults.size() == 3);
  CHECK(result.faults[0].index == 1 && result.faults[0].kind == RecordFault::Kind::kNoKey);
  CHECK(result.faults[1].index == 2 && result.faults[1].kind == RecordFault::Kind::kTimestamp && result.faults[1].timestampMs == kBeginMs + 20);
  CHECK(result.faults[2].index == 3 && result.faults[2].kind == RecordFault::Kind::kNoKey);
}

TEST(a_wrong_largest_timestamp_is_set_right) {
  auto bytes = batchOf({{kBeginMs, true, "a"}, {kBeginMs + 10, true, "b"}}, Codec::kLz4, kBeginMs);
  storeBe<std::int64_t>(bytes.data() + batch::kMaxTimestampAt, kBeginMs + 999);
  storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
  const auto result = rebuilt(bytes, {.codec = Codec::kLz4});
  BatchHeader header;
  CHECK(inspectBatch(result.bytes.data(), result.bytes.size(), header) == BatchStatus::kOk);
  CHECK(header.maxTimestampMs == kBeginMs + 10 && result.bytes.size() == bytes.size());
}

TEST(no_more_than_a_thousand_faults_are_told) {
  const auto bytes = batchOf(std::vector<Input>(3000, {kBeginMs, false, ""}), Codec::kZstd, kBeginMs);
  const auto result = rebuilt(bytes, {.codec = Codec::kZstd, .keysNeeded = true});
  CHECK(result.faults.size() == 1000 && result.faults[999].index == 999);
}

// With a right CRC: what a client may send.
TEST(mutated_batches_are_refused_or_built_and_never_read_past_their_end) {
  for (unsigned long long seed = 1; seed <= 400; ++seed) {
    harness::Random random(seed);
    const Codec from = kCodecs[random.below(5)];
    std::vector<Input> inputs(1 + random.below(8), {kBeginMs, true, "some value"});
    auto bytes = batchOf(inputs, from, kBeginMs);
    for (std::size_t flips = 1 + random.below(4); flips > 0; --flips) bytes[batch::kHeaderBytes + random.below(bytes.size() - batch::kHeaderBytes)] = static_cast<std::uint8_t>(random.below(256));
    if (random.below(3) == 0) {
      const auto count = static_cast<std::int32_t>(1 + random.below(0x7fffffff));
      storeBe<std::int32_t>(bytes.data() + batch::kRecordCountAt, count);
      storeBe<std::int32_t>(bytes.data() + batch::kLastOffsetDeltaAt, count - 1);
    }
    if (random.below(3) == 0) storeBe<std::int64_t>(bytes.data() + batch::kBaseTimestampAt, random.below(2) == 0 ? INT64_MAX : INT64_MIN);
    storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
    const Codec to = kCodecs[random.below(5)];
    const auto result = rebuilt(bytes, {.codec = to, .level = defaultLevel(to)});
    if (result.bytes.empty()) continue;
    BatchHeader header;
    CHECK(inspectBatch(result.bytes.data(), result.bytes.size(), header) == BatchStatus::kOk);
  }
}
