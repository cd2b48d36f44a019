#include <algorithm>
#include <cstring>

#include "../base/bytes.h"
#include "codec.h"
#include "match_finder.h"

// Snappy as Kafka's clients write it: the Java library's framing (a magic of 8 bytes, two versions, then blocks each with a length
// before it) or one raw block (librdkafka). Written in the framing, read in both.

namespace millrace {
namespace {

constexpr std::uint8_t kJavaMagic[] = {0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00};
constexpr std::size_t kJavaHeaderBytes = 16;
constexpr std::size_t kJavaBlockBytes = 32 * 1024;

std::size_t readLittle(const std::uint8_t* at, std::size_t bytes) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= static_cast<std::size_t>(at[i]) << (8 * i);
  return value;
}

CodecStatus decodeBlock(ByteView in, ByteSink& sink) {
  std::size_t at = 0;
  std::uint64_t expected = 0;
  for (int shift = 0;; shift += 7) {
    if (at >= in.size() || shift > 28) return CodecStatus::kCorrupt;
    const std::uint8_t byte = in[at++];
    expected |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (!sink.fits(expected)) return CodecStatus::kTooLarge;
  const std::size_t blockStart = sink.size();
  while (at < in.size()) {
    const std::uint8_t tag = in[at++];
    const int kind = tag & 3;
    std::size_t length = 0;
    std::size_t distance = 0;
    if (kind == 0) {
      length = (tag >> 2) + std::size_t{1};
      if (length > 60) {
        const std::size_t extra = length - 60;
        if (in.size() - at < extra) return CodecStatus::kCorrupt;
        length = readLittle(in.data() + at, extra) + 1;
        at += extra;
      }
      if (length > in.size() - at) return CodecStatus::kCorrupt;
    } else {
      const std::size_t extra = kind == 1 ? 1 : kind == 2 ? 2 : 4;
      if (in.size() - at < extra) return CodecStatus::kCorrupt;
      distance = readLittle(in.data() + at, extra) + (kind == 1 ? static_cast<std::size_t>(tag >> 5) << 8 : 0);
      length = kind == 1 ? ((tag >> 2) & 7) + std::size_t{4} : (tag >> 2) + std::size_t{1};
      at += extra;
      if (distance == 0 || distance > sink.size() - blockStart) return CodecStatus::kCorrupt;
    }
    if (sink.size() - blockStart + length > expected) return CodecStatus::kCorrupt;
    const bool fitted = kind == 0 ? sink.append(in.data() + at, length) : sink.repeat(distance, length);
    if (!fitted) return CodecStatus::kTooLarge;
    if (kind == 0) at += length;
  }
  return sink.size() - blockStart == expected ? CodecStatus::kOk : CodecStatus::kCorrupt;
}

void writeLiterals(ByteView in, std::size_t from, std::size_t run, std::vector<std::uint8_t>& out) {
  if (run == 0) return;
  if (run <= 60) {
    out.push_back(static_cast<std::uint8_t>((run - 1) << 2));
  } else if (run <= 256) {
    out.push_back(60 << 2);
    out.push_back(static_cast<std::uint8_t>(run - 1));
  } else {
    out.push_back(61 << 2);
    out.push_back(static_cast<std::uint8_t>(run - 1));
    out.push_back(static_cast<std::uint8_t>((run - 1) >> 8));
  }
  out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(from), in.begin() + static_cast<std::ptrdiff_t>(from + run));
}

void writeCopy(std::size_t distance, std::size_t length, std::vector<std::uint8_t>& out) {
  while (length > 0) {
    // A rest of 1 to 3 bytes would not fit the short form: at least 4 are left.
    const std::size_t part = length <= 64 ? length : length < 68 ? 60 : 64;
    if (part >= 4 && part <= 11 && distance < 2048) {
      out.push_back(static_cast<std::uint8_t>(((distance >> 8) << 5) | ((part - 4) << 2) | 1));
      out.push_back(static_cast<std::uint8_t>(distance));
    } else {
      out.push_back(static_cast<std::uint8_t>(((part - 1) << 2) | 2));
      out.push_back(static_cast<std::uint8_t>(distance));
      out.push_back(static_cast<std::uint8_t>(distance >> 8));
    }
    length -= part;
  }
}

}  // namespace

CodecStatus snappyDecompress(ByteView in, ByteSink& sink) {
  const bool framed = in.size() >= kJavaHeaderBytes && std::memcmp(in.data(), kJavaMagic, sizeof kJavaMagic) == 0;
  if (!framed) return decodeBlock(in, sink);
  std::size_t at = kJavaHeaderBytes;
  while (at < in.size()) {
    if (in.size() - at < 4) return CodecStatus::kCorrupt;
    const auto size = loadBe<std::int32_t>(in.data() + at);
    at += 4;
    if (size < 0 || static_cast<std::size_t>(size) > in.size() - at) return CodecStatus::kCorrupt;
    if (size > 0) {
      if (const auto status = decodeBlock(in.subspan(at, static_cast<std::size_t>(size)), sink); status != CodecStatus::kOk) return status;
    }
    at += static_cast<std::size_t>(size);
  }
  return CodecStatus::kOk;
}

void snappyCompress(ByteView in, std::vector<std::uint8_t>& out) {
  out.insert(out.end(), std::begin(kJavaMagic), std::end(kJavaMagic));
  out.insert(out.end(), {0, 0, 0, 1, 0, 0, 0, 1});
  MatchFinder finder(in);
  for (std::size_t start = 0; start < in.size(); start += kJavaBlockBytes) {
    const std::size_t end = std::min(in.size(), start + kJavaBlockBytes);
    const std::size_t sizeAt = out.size();
    out.resize(sizeAt + 4);
    for (std::size_t rest = end - start;; rest >>= 7) {
      out.push_back(static_cast<std::uint8_t>(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest));
      if (rest < 0x80) break;
    }
    const MatchFinder::Limits limits{0xffff, start, 15, 0, kJavaBlockBytes};
    const std::size_t literals = finder.run(start, end, limits, [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
      writeLiterals(in, from, run, out);
      writeCopy(distance, length, out);
    });
    writeLiterals(in, literals, end - literals, out);
    storeBe<std::int32_t>(out.data() + sizeAt, static_cast<std::int32_t>(out.size() - sizeAt - 4));
  }
}

}  // namespace millrace
