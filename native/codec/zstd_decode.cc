#include <bit>

#include "codec.h"
#include "zstd_fse.h"

// zstd frames (RFC 8878), without dictionaries. Content checksums are not looked at: the batch's CRC covers them.

namespace millrace {
namespace zstd {
namespace {

constexpr int kMaxHuffmanBits = 11;

std::uint64_t readLittle(ByteView in, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(in[at + i]) << (8 * i);
  return value;
}

/// Indexed by the next `bits` bits.
struct HuffmanTable {
  int bits = 0;  ///< 0: none yet
  std::array<std::uint8_t, 1 << kMaxHuffmanBits> symbols{};
  std::array<std::uint8_t, 1 << kMaxHuffmanBits> lengths{};
};

/// The weight of the last symbol is not written: it fills the sum of 2^(weight-1) up to a power of two.
bool buildHuffman(std::array<std::uint8_t, 256>& weights, std::size_t count, HuffmanTable& table) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (weights[i] > kMaxHuffmanBits) return false;
    if (weights[i] > 0) sum += 1u << (weights[i] - 1);
  }
  if (sum == 0 || count > 255) return false;
  const int bits = static_cast<int>(std::bit_width(sum));
  const std::uint32_t rest = (1u << bits) - sum;
  if (bits > kMaxHuffmanBits || !std::has_single_bit(rest)) return false;
  weights[count] = static_cast<std::uint8_t>(std::bit_width(rest));
  table.bits = bits;
  std::size_t at = 0;
  for (int weight = 1; weight <= bits; ++weight) {
    const std::size_t span = std::size_t{1} << (weight - 1);
    for (std::size_t symbol = 0; symbol <= count; ++symbol) {
      if (weights[symbol] != weight) continue;
      for (std::size_t i = 0; i < span; ++i) {
        table.symbols[at + i] = static_cast<std::uint8_t>(symbol);
        table.lengths[at + i] = static_cast<std::uint8_t>(bits + 1 - weight);
      }
      at += span;
    }
  }
  return at == std::size_t{1} << bits;
}

/// Two states take turns until the bits run out.
bool readWeights(ByteView in, std::array<std::uint8_t, 256>& weights, std::size_t& count) {
  FseTable table;
  std::size_t at = 0;
  if (!readTable(in, at, 6, 12, table)) return false;
  BackwardBits bits;
  if (!bits.open(in.subspan(at))) return false;
  std::uint64_t state = bits.read(table.accuracyLog);
  std::uint64_t other = bits.read(table.accuracyLog);
  if (bits.left() < 0) return false;
  for (count = 0; count < 254;) {
    const FseTable::State& entry = table.states[state];
    weights[count++] = entry.symbol;
    if (bits.left() < entry.bits) {
      weights[count++] = table.states[other].symbol;
      return true;
    }
    const std::uint64_t updated = entry.baseline + bits.read(entry.bits);
    state = other;
    other = updated;
  }
  return false;
}

/// Reads a tree description at `at`, which moves behind it.
bool readHuffman(ByteView in, std::size_t& at, HuffmanTable& table) {
  if (at >= in.size()) return false;
  const std::uint8_t header = in[at];
  std::array<std::uint8_t, 256> weights{};
  std::size_t count = 0;
  const std::size_t size = header >= 128 ? (header - 126u) >> 1 : header;
  if (size > in.size() - at - 1) return false;
  if (header >= 128) {
    count = header - 127u;
    for (std::size_t i = 0; i < count; ++i) weights[i] = (i & 1) == 0 ? in[at + 1 + i / 2] >> 4 : in[at + 1 + i / 2] & 15;
  } else if (!readWeights(in.subspan(at + 1, size), weights, count)) {
    return false;
  }
  at += 1 + size;
  return buildHuffman(weights, count, table);
}

bool decodeStream(const HuffmanTable& table, ByteView in, std::span<std::uint8_t> out) {
  BackwardBits bits;
  if (!bits.open(in)) return false;
  for (std::uint8_t& byte : out) {
    const auto code = static_cast<std::size_t>(bits.peek(table.bits));
    byte = table.symbols[code];
    bits.skip(table.lengths[code]);
    if (bits.left() < 0) return false;
  }
  return bits.left() == 0;
}

/// The compressed blocks of one frame; tables and offsets carry over from block to block.
class BlockDecoder {
 public:
  explicit BlockDecoder(ByteSink& sink) : sink_(sink), frameStart_(sink.size()) {}

  CodecStatus decode(ByteView in) {
    in_ = in;
    at_ = 0;
    blockStart_ = sink_.size();
    if (!readLiterals() || at_ >= in_.size()) return CodecStatus::kCorrupt;
    const std::uint8_t first = in_[at_];
    const std::size_t headerBytes = first < 128 ? 1 : first < 255 ? 2 : 3;
    if (in_.size() - at_ < headerBytes) return CodecStatus::kCorrupt;
    const std::size_t count = headerBytes == 1   ? first
                              : headerBytes == 2 ? ((first - 128u) << 8) + in_[at_ + 1]
                                                 : static_cast<std::size_t>(readLittle(in_, at_ + 1, 2)) + 0x7f00;
    at_ += headerBytes;
    used_ = 0;
    if (count == 0 && at_ != in_.size()) return CodecStatus::kCorrupt;
    if (count > 0) {
      if (const auto status = runSequences(count); status != CodecStatus::kOk) return status;
    }
    if (sink_.size() - blockStart_ + literals_.size() - used_ > kMaxBlockBytes) return CodecStatus::kCorrupt;
    return sink_.append(literals_.data() + used_, literals_.size() - used_) ? CodecStatus::kOk : CodecStatus::kTooLarge;
  }

 private:
  bool readLiterals() {
    if (in_.empty()) return false;
    const int type = in_[0] & 3;
    const int format = (in_[0] >> 2) & 3;
    static constexpr std::array<std::size_t, 4> kPlainHeader = {1, 2, 1, 3};
    static constexpr std::array<std::size_t, 4> kCodedHeader = {3, 3, 4, 5};
    static constexpr std::array<int, 4> kSizeBits = {10, 10, 14, 18};
    const std::size_t headerBytes = type < 2 ? kPlainHeader[static_cast<std::size_t>(format)] : kCodedHeader[static_cast<std::size_t>(format)];
    if (in_.size() < headerBytes) return false;
    const std::uint64_t header = readLittle(in_, 0, headerBytes);
    at_ = headerBytes;
    if (type < 2) {
      const auto size = static_cast<std::size_t>(headerBytes == 1 ? header >> 3 : header >> 4);
      const std::size_t stored = type == 1 ? 1 : size;
      if (size > kMaxBlockBytes || stored > in_.size() - at_) return false;
      if (type == 1) literals_.assign(size, in_[at_]);
      else literals_.assign(in_.begin() + static_cast<std::ptrdiff_t>(at_), in_.begin() + static_cast<std::ptrdiff_t>(at_ + size));
      at_ += stored;
      return true;
    }
    const int sizeBits = kSizeBits[static_cast<std::size_t>(format)];
    const std::uint64_t mask = (std::uint64_t{1} << sizeBits) - 1;
    const auto size = static_cast<std::size_t>((header >> 4) & mask);
    const auto compressed = static_cast<std::size_t>((header >> (4 + sizeBits)) & mask);
    if (size > kMaxBlockBytes || compressed > in_.size() - at_) return false;
    const std::size_t end = at_ + compressed;
    if (type == 2 && !readHuffman(in_.first(end), at_, huffman_)) return false;
    if (huffman_.bits == 0) return false;
    literals_.resize(size);
    const bool good = format == 0 ? decodeStream(huffman_, in_.subspan(at_, end - at_), literals_) : fourStreams(end);
    at_ = end;
    return good;
  }

  bool fourStreams(std::size_t end) {
    const std::size_t size = literals_.size();
    if (end - at_ < 10 || size < 6) return false;
    const std::size_t part = (size + 3) / 4;
    if (part * 3 > size) return false;
    std::size_t from = at_ + 6;
    for (std::size_t stream = 0; stream < 4; ++stream) {
      const std::size_t to = stream == 3 ? end : from + static_cast<std::size_t>(readLittle(in_, at_ + 2 * stream, 2));
      if (to > end || to < from) return false;
      const std::size_t outEnd = stream == 3 ? size : (stream + 1) * part;
      if (!decodeStream(huffman_, in_.subspan(from, to - from), std::span(literals_).subspan(stream * part, outEnd - stream * part))) return false;
      from = to;
    }
    return true;
  }

  struct CodeKind {
    std::span<const std::int16_t> frequencies;
    int log;
    int maxAccuracyLog;
    std::size_t maxSymbol;
  };
  struct CodeTable {
    FseTable table;
    bool known = false;
  };

  bool readCodeTable(int mode, const CodeKind& kind, CodeTable& into) {
    if (mode == 3) return into.known;
    into.known = true;
    if (mode == 0) return buildTable(kind.frequencies, kind.log, into.table);
    if (mode == 2) return readTable(in_, at_, kind.maxAccuracyLog, kind.maxSymbol, into.table);
    if (at_ >= in_.size() || in_[at_] > kind.maxSymbol) return false;
    buildSingle(in_[at_++], into.table);
    return true;
  }

  CodecStatus runSequences(std::size_t count) {
    if (at_ >= in_.size()) return CodecStatus::kCorrupt;
    const std::uint8_t modes = in_[at_++];
    if ((modes & 3) != 0) return CodecStatus::kCorrupt;
    if (!readCodeTable(modes >> 6, {kLiteralLengthFrequencies, kLiteralLengthLog, 9, 35}, literalLengths_) ||
        !readCodeTable((modes >> 4) & 3, {kOffsetFrequencies, kOffsetLog, 8, 31}, offsets_) ||
        !readCodeTable((modes >> 2) & 3, {kMatchLengthFrequencies, kMatchLengthLog, 9, 52}, matchLengths_))
      return CodecStatus::kCorrupt;
    BackwardBits bits;
    if (!bits.open(in_.subspan(at_))) return CodecStatus::kCorrupt;
    std::uint64_t lengthState = bits.read(literalLengths_.table.accuracyLog);
    std::uint64_t offsetState = bits.read(offsets_.table.accuracyLog);
    std::uint64_t matchState = bits.read(matchLengths_.table.accuracyLog);
    const auto advance = [&bits](const FseTable& table, std::uint64_t& state) { state = table.states[state].baseline + bits.read(table.states[state].bits); };
    for (;;) {
      const int offsetCode = offsets_.table.states[offsetState].symbol;
      const std::uint64_t offsetValue = (std::uint64_t{1} << offsetCode) + bits.read(offsetCode);
      const std::size_t matchCode = matchLengths_.table.states[matchState].symbol;
      const auto matchLength = static_cast<std::size_t>(kMatchLengthBases[matchCode] + bits.read(kMatchLengthBits[matchCode]));
      const std::size_t lengthCode = literalLengths_.table.states[lengthState].symbol;
      const auto run = static_cast<std::size_t>(kLiteralLengthBases[lengthCode] + bits.read(kLiteralLengthBits[lengthCode]));
      if (bits.left() < 0) return CodecStatus::kCorrupt;
      if (const auto status = execute(run, matchLength, distanceOf(offsetValue, run == 0)); status != CodecStatus::kOk) return status;
      if (--count == 0) break;
      advance(literalLengths_.table, lengthState);
      advance(matchLengths_.table, matchState);
      advance(offsets_.table, offsetState);
    }
    return bits.left() == 0 ? CodecStatus::kOk : CodecStatus::kCorrupt;
  }

  CodecStatus execute(std::size_t run, std::size_t matchLength, std::uint64_t distance) {
    if (run > literals_.size() - used_ || sink_.size() - blockStart_ + run + matchLength > kMaxBlockBytes) return CodecStatus::kCorrupt;
    if (!sink_.append(literals_.data() + used_, run)) return CodecStatus::kTooLarge;
    used_ += run;
    if (distance == 0 || distance > sink_.size() - frameStart_) return CodecStatus::kCorrupt;
    return sink_.repeat(static_cast<std::size_t>(distance), matchLength) ? CodecStatus::kOk : CodecStatus::kTooLarge;
  }

  /// Values 1 to 3 name a recent offset; without literals before it the latest cannot be meant, so they shift by one.
  std::uint64_t distanceOf(std::uint64_t value, bool noLiterals) {
    if (value > 3) {
      recent_ = {value - 3, recent_[0], recent_[1]};
      return recent_[0];
    }
    const auto index = static_cast<std::size_t>(value - 1 + (noLiterals ? 1 : 0));
    if (index == 0) return recent_[0];
    const std::uint64_t distance = index == 3 ? recent_[0] - 1 : recent_[index];
    if (index > 1) recent_[2] = recent_[1];
    recent_[1] = recent_[0];
    recent_[0] = distance;
    return distance;
  }

  ByteSink& sink_;
  std::size_t frameStart_;
  ByteView in_;
  std::size_t at_ = 0;
  std::size_t blockStart_ = 0;
  std::size_t used_ = 0;
  std::vector<std::uint8_t> literals_;
  HuffmanTable huffman_;
  CodeTable literalLengths_;
  CodeTable offsets_;
  CodeTable matchLengths_;
  std::array<std::uint64_t, 3> recent_ = {1, 4, 8};
};

CodecStatus decodeFrame(ByteView in, std::size_t& at, ByteSink& sink) {
  if (in.size() - at < 6) return CodecStatus::kCorrupt;
  const std::uint8_t descriptor = in[at + 4];
  if ((descriptor & 0x0b) != 0) return CodecStatus::kCorrupt;  // a reserved bit, a dictionary
  const bool singleSegment = (descriptor & 0x20) != 0;
  const int sizeCode = descriptor >> 6;
  const std::size_t sizeBytes = sizeCode == 0 ? (singleSegment ? 1 : 0) : std::size_t{1} << sizeCode;
  at += singleSegment ? 5 : 6;
  if (in.size() - at < sizeBytes) return CodecStatus::kCorrupt;
  const std::uint64_t contentBytes = readLittle(in, at, sizeBytes) + (sizeBytes == 2 ? 256 : 0);
  at += sizeBytes;
  const std::size_t frameStart = sink.size();
  BlockDecoder decoder(sink);
  for (bool last = false; !last;) {
    if (in.size() - at < 3) return CodecStatus::kCorrupt;
    const auto header = static_cast<std::size_t>(readLittle(in, at, 3));
    at += 3;
    last = (header & 1) == 1;
    const std::size_t type = (header >> 1) & 3;
    const std::size_t size = header >> 3;
    const std::size_t stored = type == 1 ? 1 : size;
    if (size > kMaxBlockBytes || type == 3 || stored > in.size() - at) return CodecStatus::kCorrupt;
    if (type == 2) {
      if (const auto status = decoder.decode(in.subspan(at, size)); status != CodecStatus::kOk) return status;
    } else {
      const bool fitted = type == 0 ? sink.append(in.data() + at, size) : sink.fill(in[at], size);
      if (!fitted) return CodecStatus::kTooLarge;
    }
    at += stored;
  }
  if (sizeBytes > 0 && contentBytes != sink.size() - frameStart) return CodecStatus::kCorrupt;
  const std::size_t checksum = (descriptor & 0x04) != 0 ? 4 : 0;
  if (in.size() - at < checksum) return CodecStatus::kCorrupt;
  at += checksum;
  return CodecStatus::kOk;
}

}  // namespace
}  // namespace zstd

CodecStatus zstdDecompress(ByteView in, ByteSink& sink) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (in.size() - at < 8) return CodecStatus::kCorrupt;
    const auto magic = static_cast<std::uint32_t>(zstd::readLittle(in, at, 4));
    if (magic >> 4 == 0x184d2a5) {
      const auto size = static_cast<std::size_t>(zstd::readLittle(in, at + 4, 4));
      if (size > in.size() - at - 8) return CodecStatus::kCorrupt;
      at += 8 + size;
      continue;
    }
    if (magic != zstd::kFrameMagic) return CodecStatus::kCorrupt;
    if (const auto status = zstd::decodeFrame(in, at, sink); status != CodecStatus::kOk) return status;
  }
  return CodecStatus::kOk;
}

}  // namespace millrace
