#include <fstream>
#include <sstream>

#include "../../native/codec/codec.h"
#include "../../native/codec/huffman.h"
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

std::vector<std::uint8_t> jsonRecords(std::size_t count) {
  std::string text;
  std::uint64_t state = 1;
  const auto below = [&state](std::uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  const char* const kEvents[] = {"click", "view", "purchase", "login"};
  for (std::size_t i = 0; i < count; ++i)
    text += "{\"id\":" + std::to_string(below(1'000'000'000)) + ",\"user\":\"user-" + std::to_string(below(5000)) + "\",\"event\":\"" + kEvents[below(4)] +
            "\",\"at\":" + std::to_string(1'700'000'000'000 + i * 250 + below(500)) + ",\"amount\":" + std::to_string(below(100'000)) + "}";
  return {text.begin(), text.end()};
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

TEST(every_level_is_read_back_and_searching_longer_is_not_larger) {
  for (unsigned long long seed = 1; seed <= 6; ++seed) {
    harness::Random random(seed);
    const auto bytes = sample(random, 2000 + random.below(40'000));
    for (const Codec codec : {Codec::kGzip, Codec::kLz4, Codec::kZstd}) {
      std::size_t quick = 0;
      for (const int level : {-131'072, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 17, 22, 1000}) {
        std::vector<std::uint8_t> packed;
        compress(codec, bytes, packed, level);
        std::vector<std::uint8_t> back;
        CHECK(decompress(codec, packed, back, kLimit) == CodecStatus::kOk && back == bytes);
        if (level == 1) quick = packed.size();
        if (level > 9) CHECK(packed.size() <= quick + quick / 50);
      }
    }
  }
}

// What zlib (level 6) and libzstd (level 3) make of the same bytes was measured with their command-line tools.
TEST(records_get_about_as_small_as_with_zlib_and_libzstd) {
  const struct {
    std::size_t records, zlibBytes, libzstdBytes;
  } kMeasured[] = {{20, 465, 444}, {200, 3784, 3536}, {5000, 90994, 91515}};
  for (const auto& measured : kMeasured) {
    const auto bytes = jsonRecords(measured.records);
    std::vector<std::uint8_t> gzip;
    compress(Codec::kGzip, bytes, gzip);
    CHECK(gzip.size() <= measured.zlibBytes + measured.zlibBytes / 20);
    std::vector<std::uint8_t> zstd;
    compress(Codec::kZstd, bytes, zstd);
    CHECK(zstd.size() <= measured.libzstdBytes + measured.libzstdBytes / 20);
  }
}

TEST(huffman_lengths_make_a_complete_code_within_the_limit) {
  for (unsigned long long seed = 1; seed <= 300; ++seed) {
    harness::Random random(seed);
    const int maxBits = seed % 3 == 0 ? 7 : seed % 3 == 1 ? 11 : 15;
    std::vector<std::uint32_t> counts(maxBits == 7 ? 19 : 286);
    // Fibonacci's numbers make the deepest tree there is.
    std::uint32_t a = 1, b = 1;
    for (auto& count : counts) {
      if (random.below(4) == 0) continue;
      count = seed % 2 == 0 ? a : static_cast<std::uint32_t>(1 + random.below(1000));
      if (const std::uint32_t sum = a + b; sum < 10'000'000) {
        a = b;
        b = sum;
      }
    }
    std::vector<std::uint8_t> lengths(counts.size());
    const int used = huffmanLengths(counts, maxBits, lengths);
    std::uint32_t space = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      CHECK((counts[i] == 0) == (lengths[i] == 0));
      CHECK(lengths[i] <= maxBits);
      if (lengths[i] > 0) space += 1u << (maxBits - lengths[i]);
      for (std::size_t k = 0; k < counts.size(); ++k) CHECK(!(counts[i] > counts[k] && counts[k] > 0) || lengths[i] <= lengths[k]);
    }
    if (used > 1) CHECK(space == 1u << maxBits);
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
