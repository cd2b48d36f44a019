#include <algorithm>
#include <bit>
#include <cstring>

#include "chain_finder.h"
#include "codec.h"
#include "match_finder.h"

// LZ4 frames as Kafka's clients write them: version 1, independent blocks of up to 64 KiB, no content checksum. Reading takes any
// frame without a dictionary; checksums of blocks and content are not looked at, since the batch's CRC covers them.

namespace millrace {
namespace {

constexpr std::uint32_t kMagic = 0x184d2204;
constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::uint32_t kUncompressedBit = 0x80000000;

std::uint32_t loadLe32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 |
         static_cast<std::uint32_t>(at[3]) << 24;
}

void appendLe32(std::uint32_t value, std::vector<std::uint8_t>& out) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// xxHash32 of fewer than 16 bytes with seed 0: the frame header's checksum.
std::uint32_t shortXxHash(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::uint32_t p1 = 0x9e3779b1, p2 = 0x85ebca77, p3 = 0xc2b2ae3d, p4 = 0x27d4eb2f, p5 = 0x165667b1;
  std::uint32_t hash = p5 + static_cast<std::uint32_t>(size);
  std::size_t at = 0;
  for (; at + 4 <= size; at += 4) hash = std::rotl(hash + loadLe32(bytes + at) * p3, 17) * p4;
  for (; at < size; ++at) hash = std::rotl(hash + bytes[at] * p5, 11) * p1;
  hash = (hash ^ (hash >> 15)) * p2;
  hash = (hash ^ (hash >> 13)) * p3;
  return hash ^ (hash >> 16);
}

/// False at the end of the block.
bool readLength(ByteView in, std::size_t& at, std::size_t& length) {
  if (length != 15) return true;
  std::uint8_t more = 255;
  while (more == 255) {
    if (at >= in.size()) return false;
    more = in[at++];
    length += more;
  }
  return true;
}

CodecStatus decodeBlock(ByteView in, ByteSink& sink, std::size_t historyStart) {
  std::size_t at = 0;
  while (at < in.size()) {
    const std::uint8_t token = in[at++];
    std::size_t literals = token >> 4;
    if (!readLength(in, at, literals) || literals > in.size() - at) return CodecStatus::kCorrupt;
    if (!sink.append(in.data() + at, literals)) return CodecStatus::kTooLarge;
    at += literals;
    if (at == in.size()) return CodecStatus::kOk;  // the last sequence has no match
    if (in.size() - at < 2) return CodecStatus::kCorrupt;
    const std::size_t distance = static_cast<std::size_t>(in[at]) | static_cast<std::size_t>(in[at + 1]) << 8;
    at += 2;
    std::size_t length = token & 15;
    if (!readLength(in, at, length)) return CodecStatus::kCorrupt;
    if (distance == 0 || distance > sink.size() - historyStart) return CodecStatus::kCorrupt;
    if (!sink.repeat(distance, length + MatchFinder::kMinMatch)) return CodecStatus::kTooLarge;
  }
  return CodecStatus::kCorrupt;
}

/// Reads one frame from `at` on and moves `at` behind it.
CodecStatus decodeFrame(ByteView in, std::size_t& at, ByteSink& sink) {
  if (in.size() - at < 7) return CodecStatus::kCorrupt;
  const std::uint32_t magic = loadLe32(in.data() + at);
  if (magic >> 4 == 0x184d2a5) {
    if (in.size() - at < 8 || loadLe32(in.data() + at + 4) > in.size() - at - 8) return CodecStatus::kCorrupt;
    at += 8 + loadLe32(in.data() + at + 4);
    return CodecStatus::kOk;
  }
  const std::uint8_t flags = in[at + 4];
  if (magic != kMagic || flags >> 6 != 1 || (flags & 1) != 0) return CodecStatus::kCorrupt;
  const bool independent = (flags & 0x20) != 0;
  const std::size_t blockChecksum = (flags & 0x10) != 0 ? 4 : 0;
  const std::size_t contentChecksum = (flags & 0x04) != 0 ? 4 : 0;
  const std::size_t headerBytes = 7 + ((flags & 0x08) != 0 ? 8 : 0);
  if (in.size() - at < headerBytes) return CodecStatus::kCorrupt;
  at += headerBytes;
  const std::size_t frameStart = sink.size();
  for (;;) {
    if (in.size() - at < 4) return CodecStatus::kCorrupt;
    const std::uint32_t word = loadLe32(in.data() + at);
    at += 4;
    if (word == 0) break;
    const std::size_t size = word & ~kUncompressedBit;
    if (size > in.size() - at || in.size() - at - size < blockChecksum) return CodecStatus::kCorrupt;
    if ((word & kUncompressedBit) != 0) {
      if (!sink.append(in.data() + at, size)) return CodecStatus::kTooLarge;
    } else if (const auto status = decodeBlock(in.subspan(at, size), sink, independent ? sink.size() : frameStart); status != CodecStatus::kOk) {
      return status;
    }
    at += size + blockChecksum;
  }
  if (in.size() - at < contentChecksum) return CodecStatus::kCorrupt;
  at += contentChecksum;
  return CodecStatus::kOk;
}

void writeLength(std::size_t value, std::vector<std::uint8_t>& out) {
  if (value < 15) return;
  std::size_t rest = value - 15;
  for (; rest >= 255; rest -= 255) out.push_back(255);
  out.push_back(static_cast<std::uint8_t>(rest));
}

void writeLiterals(ByteView in, std::size_t from, std::size_t run, std::size_t matchCode, std::vector<std::uint8_t>& out) {
  out.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(run, 15) << 4 | std::min<std::size_t>(matchCode, 15)));
  writeLength(run, out);
  out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(from), in.begin() + static_cast<std::ptrdiff_t>(from + run));
}

}  // namespace

CodecStatus lz4Decompress(ByteView in, ByteSink& sink) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (const auto status = decodeFrame(in, at, sink); status != CodecStatus::kOk) return status;
  }
  return CodecStatus::kOk;
}

namespace {

/// The block format asks for matches that begin 12 bytes before the end of a block and end 5 before it.
MatchFinder::Limits blockLimits(std::size_t start) { return {0xffff, start, 12, 5, kBlockBytes}; }

template <typename Finder>
void writeBlocks(ByteView in, Finder& finder, std::vector<std::uint8_t>& out) {
  for (std::size_t start = 0; start < in.size(); start += kBlockBytes) {
    const std::size_t end = std::min(in.size(), start + kBlockBytes);
    const std::size_t sizeAt = out.size();
    out.resize(sizeAt + 4);
    const std::size_t literals = finder.run(start, end, blockLimits(start), [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
      writeLiterals(in, from, run, length - MatchFinder::kMinMatch, out);
      out.push_back(static_cast<std::uint8_t>(distance));
      out.push_back(static_cast<std::uint8_t>(distance >> 8));
      writeLength(length - MatchFinder::kMinMatch, out);
    });
    writeLiterals(in, literals, end - literals, 0, out);
    auto word = static_cast<std::uint32_t>(out.size() - sizeAt - 4);
    if (word >= end - start) {
      out.resize(sizeAt + 4);
      out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(start), in.begin() + static_cast<std::ptrdiff_t>(end));
      word = static_cast<std::uint32_t>(end - start) | kUncompressedBit;
    }
    for (int i = 0; i < 4; ++i) out[sizeAt + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(word >> (8 * i));
  }
}

}  // namespace

/// At the default level as quick as LZ4's own quick way, as Kafka does it; every other level searches.
void lz4Compress(ByteView in, std::vector<std::uint8_t>& out, int level) {
  appendLe32(kMagic, out);
  const std::uint8_t descriptor[] = {0x60, 0x40};  // version 1, independent blocks of up to 64 KiB, no checksums
  out.insert(out.end(), std::begin(descriptor), std::end(descriptor));
  out.push_back(static_cast<std::uint8_t>(shortXxHash(descriptor, sizeof descriptor) >> 8));
  if (level == defaultLevel(Codec::kLz4)) {
    MatchFinder finder(in);
    writeBlocks(in, finder, out);
  } else {
    const int depth = 1 << std::clamp(level, 1, 10);
    ChainFinder<4, false> finder(in, kBlockBytes, {depth, kBlockBytes, true});
    writeBlocks(in, finder, out);
  }
  appendLe32(0, out);
}

}  // namespace millrace
