#include <fstream>
#include <sstream>

#include "../../native/codec/codec.h"
#include "../../native/log/batch.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr std::size_t kLimit = 64 << 20;
constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

/// Text, runs, noise and near repeats in random order.
std::vector<std::uint8_t> sample(harness::Random& random, std::size_t size) {
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < size) {
    const std::size_t piece = std::min<std::size_t>(size - bytes.size(), 1 + random.below(3000));
    switch (random.below(4)) {
      case 0:
        bytes.insert(bytes.end(), piece, static_cast<std::uint8_t>(random.below(256)));
        break;
      case 1:
        for (std::size_t i = 0; i < piece; ++i) bytes.push_back(static_cast<std::uint8_t>(random.below(256)));
        break;
      case 2:
        for (std::size_t i = 0; i < piece; ++i) bytes.push_back(static_cast<std::uint8_t>("key=value;"[(i + random.below(50) / 49) % 10]));
        break;
      default:
        for (std::size_t i = 0; i < piece && !bytes.empty(); ++i) bytes.push_back(bytes[bytes.size() - 1 - random.below(std::min<std::size_t>(bytes.size(), 4))]);
        if (bytes.empty()) bytes.push_back(1);
    }
  }
  bytes.resize(size);
  return bytes;
}

std::vector<std::uint8_t> unhex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

}  // namespace

TEST(what_an_encoder_writes_its_decoder_reads) {
  for (unsigned long long seed = 1; seed <= 120; ++seed) {
    harness::Random random(seed);
    const std::size_t size = seed <= 40 ? seed - 1 : random.below(seed % 10 == 0 ? 900'000 : 50'000);
    const auto bytes = sample(random, size);
    for (const Codec codec : kCodecs) {
      std::vector<std::uint8_t> packed = {9, 9};
      compress(codec, bytes, packed);
      CHECK(packed[0] == 9 && packed[1] == 9);
      CHECK(packed.size() <= bytes.size() + bytes.size() / 100 + 100);
      std::vector<std::uint8_t> back;
      const auto status = decompress(codec, ByteView(packed).subspan(2), back, kLimit);
      if (status != CodecStatus::kOk || back != bytes) {
        std::printf("    seed %llu codec %d size %zu status %d\n", seed, static_cast<int>(codec), size, static_cast<int>(status));
        CHECK(back == bytes);
      }
      if (size > 0) CHECK(decompress(codec, ByteView(packed).subspan(2), back, size - 1) == CodecStatus::kTooLarge);
    }
  }
}

TEST(repeated_text_gets_smaller) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; bytes.size() < 100'000; ++i) {
    const std::string text = "{\"user\":" + std::to_string(i) + ",\"state\":\"active\",\"region\":\"eu-west-1\"}";
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  for (const Codec codec : kCodecs) {
    std::vector<std::uint8_t> packed;
    compress(codec, bytes, packed);
    CHECK(packed.size() < bytes.size() / 3);
  }
}

// The batches that Kafka's own classes and libraries made, one for each codec and more.
TEST(batches_compressed_by_kafka_decompress) {
  std::ifstream file("test/golden/record-batch-vectors.tsv");
  CHECK(file.good());
  int compressed = 0;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
    if (fields.size() < 2 || fields[1] == "hex") continue;
    const auto bytes = unhex(fields[1]);
    if (bytes.size() < batch::kHeaderBytes || bytes[batch::kMagicAt] != 2) continue;
    const auto header = BatchHeader::load(bytes.data());
    const auto codec = static_cast<Codec>(header.attributes & 7);
    if (codec == Codec::kNone || header.sizeBytes != static_cast<std::int64_t>(bytes.size())) continue;
    std::vector<std::uint8_t> records;
    CHECK(decompress(codec, ByteView(bytes).subspan(batch::kHeaderBytes), records, kLimit) == CodecStatus::kOk);
    CHECK(!records.empty());
    ++compressed;
  }
  CHECK(compressed >= 4);
}

TEST(mutated_input_never_crashes_or_passes_its_limit) {
  for (unsigned long long seed = 1; seed <= 60; ++seed) {
    harness::Random random(seed);
    const auto bytes = sample(random, 200 + random.below(20'000));
    for (const Codec codec : kCodecs) {
      std::vector<std::uint8_t> packed;
      compress(codec, bytes, packed);
      for (int round = 0; round < 40; ++round) {
        auto mutated = packed;
        for (std::size_t flips = 1 + random.below(4); flips > 0; --flips) mutated[random.below(mutated.size())] = static_cast<std::uint8_t>(random.below(256));
        if (random.below(4) == 0) mutated.resize(random.below(mutated.size() + 1));
        std::vector<std::uint8_t> back;
        (void)decompress(codec, mutated, back, 100'000);
        CHECK(back.size() <= 100'000);
      }
    }
  }
}
