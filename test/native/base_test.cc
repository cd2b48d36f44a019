#include <cstring>

#include "../../native/log/batch.h"
#include "../../native/log/index.h"
#include "harness.h"
#include "make_batch.h"
#include "../../native/io/file.h"

using namespace millrace;

TEST(crc32c_known_vectors) {
  const auto* digits = reinterpret_cast<const std::uint8_t*>("123456789");
  CHECK_EQ(crc32c(digits, 9), 0xe3069283u);
  const std::vector<std::uint8_t> zeros(32, 0);
  CHECK_EQ(crc32c(zeros.data(), zeros.size()), 0x8a9136aau);
  const std::vector<std::uint8_t> ones(32, 0xff);
  CHECK_EQ(crc32c(ones.data(), ones.size()), 0x62a8ab43u);
  CHECK_EQ(crc32c(digits, 0), 0u);
}

TEST(crc32c_instruction_equals_portable_at_every_length_and_alignment) {
  harness::Random random(1);
  std::vector<std::uint8_t> bytes(70'000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  for (std::size_t size = 0; size < 2000; ++size) CHECK_EQ(crc32c(bytes.data() + size % 9, size), crc32cPortable(bytes.data() + size % 9, size));
  for (int i = 0; i < 300; ++i) {
    const std::size_t from = random.below(1000);
    const std::size_t size = random.below(bytes.size() - from);
    CHECK_EQ(crc32c(bytes.data() + from, size), crc32cPortable(bytes.data() + from, size));
    const std::size_t cut = size == 0 ? 0 : random.below(size);
    CHECK_EQ(crc32c(bytes.data() + from + cut, size - cut, crc32c(bytes.data() + from, cut)), crc32c(bytes.data() + from, size));
  }
}

TEST(inspect_accepts_only_whole_valid_batches) {
  auto good = makeBatch(3, 40);
  BatchHeader header;
  CHECK(inspectBatch(good.data(), good.size(), header) == BatchStatus::kOk);
  CHECK_EQ(header.lastOffsetDelta, 2);
  // Every prefix is refused, and every flipped bit in the CRC's range.
  for (std::size_t size = 0; size < good.size(); ++size) CHECK(inspectBatch(good.data(), size, header) != BatchStatus::kOk);
  for (std::size_t at = batch::kCrcAt; at < good.size(); ++at) {
    good[at] ^= 1;
    CHECK(inspectBatch(good.data(), good.size(), header) == BatchStatus::kBadCrc);
    good[at] ^= 1;
  }
  // Base offset and leader epoch lie before the CRC: a leader sets them.
  storeBe<std::int64_t>(good.data(), 12345);
  storeBe<std::int32_t>(good.data() + batch::kLeaderEpochAt, 9);
  CHECK(inspectBatch(good.data(), good.size(), header) == BatchStatus::kOk);
  stampLogAppendTime(good.data(), good.size(), 777);
  CHECK(inspectBatch(good.data(), good.size(), header) == BatchStatus::kOk);
  CHECK_EQ(header.maxTimestampMs, 777);
}

TEST(index_finds_the_greatest_entry_at_or_below) {
  SegmentIndex index;
  CHECK_EQ(index.lookup(100), 0);
  for (int i = 1; i <= 100; ++i) index.addOffset(i * 10, i * 1000);
  index.addOffset(500, 1);  // not increasing: ignored
  CHECK_EQ(index.offsetEntries(), 100u);
  CHECK_EQ(index.lookup(9), 0);
  CHECK_EQ(index.lookup(10), 1000);
  CHECK_EQ(index.lookup(19), 1000);
  CHECK_EQ(index.lookup(1'000'000), 100'000);
  CHECK_EQ(index.floorPosition(999), 0);
  CHECK_EQ(index.floorPosition(50'999), 50'000);
  index.truncate(500);
  CHECK_EQ(index.lookup(1'000'000), 49'000);
}

TEST(time_index_grows_in_both) {
  SegmentIndex index;
  index.addTime(100, 5);
  index.addTime(90, 8);   // older: nothing new
  index.addTime(200, 5);  // same offset: nothing new
  index.addTime(200, 9);
  CHECK_EQ(index.timeEntries(), 2u);
  CHECK_EQ(index.lookupTime(100), 0);
  CHECK_EQ(index.lookupTime(150), 5);
  CHECK_EQ(index.lookupTime(300), 9);
}

TEST(index_files_have_kafkas_bytes) {
  harness::TemporaryDirectory directory;
  SegmentIndex index;
  index.addOffset(1, 4097);
  index.addTime(0x0102030405, 1);
  CHECK(index.store(posixFileSystem(), directory.path() + "/x", true).ok());
  auto offsets = readWholeFile(posixFileSystem(), directory.path() + "/x.index");
  const std::vector<std::uint8_t> wanted = {0, 0, 0, 1, 0, 0, 0x10, 1};
  CHECK(offsets.ok() && offsets.value() == wanted);
  auto times = readWholeFile(posixFileSystem(), directory.path() + "/x.timeindex");
  const std::vector<std::uint8_t> wantedTimes = {0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 1};
  CHECK(times.ok() && times.value() == wantedTimes);
  SegmentIndex back;
  CHECK(back.load(posixFileSystem(), directory.path() + "/x", 10'000));
  CHECK_EQ(back.lookup(5), 4097);
  CHECK(!back.load(posixFileSystem(), directory.path() + "/x", 4097));  // an entry behind the end of the log
  CHECK(!back.load(posixFileSystem(), directory.path() + "/missing", 1));
}
