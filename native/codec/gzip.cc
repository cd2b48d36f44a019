#include <algorithm>
#include <array>
#include <bit>

#include "codec.h"
#include "match_finder.h"

// gzip (RFC 1952) around DEFLATE (RFC 1951). Written with the fixed codes, which need no second pass.

namespace millrace {
namespace {

constexpr std::array<std::uint16_t, 29> kLengthBase = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> kLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<std::uint16_t, 30> kDistanceBase = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                         193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<std::uint8_t, 30> kDistanceBits = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
constexpr std::size_t kWindowBytes = 32 * 1024;

std::uint32_t crc32(ByteView bytes) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xff];
  return crc ^ 0xffffffff;
}

/// Bits from the lowest of each byte up. Past the end it reads zeros and says so with `overrun`.
class BitReader {
 public:
  explicit BitReader(ByteView in) : in_(in) {}
  /// Makes at least 32 bits available (zeros behind the end).
  void refill() {
    while (count_ <= 56) {
      if (at_ < in_.size()) buffer_ |= static_cast<std::uint64_t>(in_[at_]) << count_;
      ++at_;
      count_ += 8;
    }
  }
  [[nodiscard]] std::uint32_t peek(int bits) const { return static_cast<std::uint32_t>(buffer_ & ((std::uint64_t{1} << bits) - 1)); }
  void skip(int bits) {
    buffer_ >>= bits;
    count_ -= bits;
  }
  std::uint32_t take(int bits) {
    refill();
    const std::uint32_t value = peek(bits);
    skip(bits);
    return value;
  }
  /// Drops the rest of the current byte; the position of the next one.
  std::size_t align() {
    skip(count_ & 7);
    const std::size_t position = at_ - static_cast<std::size_t>(count_ / 8);
    buffer_ = 0;
    count_ = 0;
    at_ = position;
    return position;
  }
  void moveTo(std::size_t position) { at_ = position; }
  [[nodiscard]] bool overrun() const { return at_ - static_cast<std::size_t>(count_ / 8) > in_.size(); }

 private:
  ByteView in_;
  std::size_t at_ = 0;
  std::uint64_t buffer_ = 0;
  int count_ = 0;
};

/// Canonical Huffman code: a table for codes of up to 10 bits, the slow way for longer ones.
class HuffmanDecoder {
 public:
  /// False when the lengths make no code. A code of one symbol may be incomplete.
  [[nodiscard]] bool build(const std::uint8_t* lengths, std::size_t count) {
    counts_.fill(0);
    for (std::size_t i = 0; i < count; ++i) ++counts_[lengths[i]];
    counts_[0] = 0;
    int left = 1;
    for (std::size_t length = 1; length <= kMaxBits; ++length) {
      left = (left << 1) - counts_[length];
      if (left < 0) return false;
    }
    std::array<std::uint16_t, kMaxBits + 2> offsets{};
    for (std::size_t length = 1; length <= kMaxBits; ++length) offsets[length + 1] = static_cast<std::uint16_t>(offsets[length] + counts_[length]);
    for (std::size_t i = 0; i < count; ++i)
      if (lengths[i] != 0) symbols_[offsets[lengths[i]]++] = static_cast<std::uint16_t>(i);
    fast_.fill(0);
    std::uint32_t code = 0;
    std::size_t index = 0;
    for (int length = 1; length <= kFastBits; ++length) {
      for (int i = 0; i < counts_[static_cast<std::size_t>(length)]; ++i, ++code, ++index) {
        std::uint32_t reversed = 0;
        for (int bit = 0; bit < length; ++bit) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
        for (std::uint32_t slot = reversed; slot < (1u << kFastBits); slot += 1u << length)
          fast_[slot] = static_cast<std::uint16_t>(symbols_[index] << 4 | length);
      }
      code <<= 1;
    }
    return true;
  }

  /// The next symbol, -1 when the bits are no code. At least 15 bits are available.
  [[nodiscard]] int decode(BitReader& bits) const {
    if (const std::uint16_t entry = fast_[bits.peek(kFastBits)]; entry != 0) {
      bits.skip(entry & 15);
      return entry >> 4;
    }
    int code = 0;
    int first = 0;
    int index = 0;
    const std::uint32_t word = bits.peek(kMaxBits);
    for (std::size_t length = 1; length <= kMaxBits; ++length) {
      code |= static_cast<int>(word >> (length - 1)) & 1;
      const int count = counts_[length];
      if (code - count < first) {
        bits.skip(static_cast<int>(length));
        return symbols_[static_cast<std::size_t>(index + code - first)];
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }

 private:
  static constexpr std::size_t kMaxBits = 15;
  static constexpr int kFastBits = 10;
  std::array<std::uint16_t, kMaxBits + 1> counts_{};
  std::array<std::uint16_t, 288> symbols_{};
  std::array<std::uint16_t, 1 << kFastBits> fast_{};
};

class Inflater {
 public:
  Inflater(ByteView in, ByteSink& sink) : bits_(in), in_(in), sink_(sink), start_(sink.size()) {}

  CodecStatus run(std::size_t& consumed) {
    for (bool last = false; !last;) {
      last = bits_.take(1) == 1;
      const std::uint32_t type = bits_.take(2);
      CodecStatus status = CodecStatus::kCorrupt;
      if (type == 0) status = stored();
      else if (type == 1) status = fixed();
      else if (type == 2) status = dynamic();
      if (status != CodecStatus::kOk) return status;
      if (bits_.overrun()) return CodecStatus::kCorrupt;
    }
    consumed = bits_.align();
    return consumed <= in_.size() ? CodecStatus::kOk : CodecStatus::kCorrupt;
  }

 private:
  CodecStatus stored() {
    const std::size_t at = bits_.align();
    if (at > in_.size() || in_.size() - at < 4) return CodecStatus::kCorrupt;
    const std::size_t size = in_[at] | static_cast<std::size_t>(in_[at + 1]) << 8;
    const std::size_t inverse = in_[at + 2] | static_cast<std::size_t>(in_[at + 3]) << 8;
    if ((size ^ inverse) != 0xffff || size > in_.size() - at - 4) return CodecStatus::kCorrupt;
    if (!sink_.append(in_.data() + at + 4, size)) return CodecStatus::kTooLarge;
    bits_.moveTo(at + 4 + size);
    return CodecStatus::kOk;
  }

  CodecStatus fixed() {
    std::array<std::uint8_t, 288> lengths{};
    for (std::size_t i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    if (!literals_.build(lengths.data(), 288)) return CodecStatus::kCorrupt;
    lengths.fill(5);
    if (!distances_.build(lengths.data(), 30)) return CodecStatus::kCorrupt;
    return codes();
  }

  CodecStatus dynamic() {
    static constexpr std::array<std::uint8_t, 19> kOrder = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const std::size_t literalCount = bits_.take(5) + 257;
    const std::size_t distanceCount = bits_.take(5) + 1;
    const std::size_t codeCount = bits_.take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) return CodecStatus::kCorrupt;
    std::array<std::uint8_t, 286 + 30> lengths{};
    for (std::size_t i = 0; i < codeCount; ++i) lengths[kOrder[i]] = static_cast<std::uint8_t>(bits_.take(3));
    if (!literals_.build(lengths.data(), 19)) return CodecStatus::kCorrupt;
    lengths.fill(0);
    for (std::size_t i = 0; i < literalCount + distanceCount;) {
      bits_.refill();
      const int symbol = literals_.decode(bits_);
      if (symbol < 0) return CodecStatus::kCorrupt;
      if (symbol < 16) {
        lengths[i++] = static_cast<std::uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && i == 0) return CodecStatus::kCorrupt;
      const std::uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
      std::size_t repeat = symbol == 16 ? 3 + bits_.take(2) : symbol == 17 ? 3 + bits_.take(3) : 11 + bits_.take(7);
      if (repeat > literalCount + distanceCount - i) return CodecStatus::kCorrupt;
      for (; repeat > 0; --repeat) lengths[i++] = value;
    }
    if (!literals_.build(lengths.data(), literalCount) || !distances_.build(lengths.data() + literalCount, distanceCount)) return CodecStatus::kCorrupt;
    return codes();
  }

  CodecStatus codes() {
    for (;;) {
      bits_.refill();
      const int symbol = literals_.decode(bits_);
      if (symbol < 0 || bits_.overrun()) return CodecStatus::kCorrupt;
      if (symbol == 256) return CodecStatus::kOk;
      if (symbol < 256) {
        const auto byte = static_cast<std::uint8_t>(symbol);
        if (!sink_.append(&byte, 1)) return CodecStatus::kTooLarge;
        continue;
      }
      const auto lengthCode = static_cast<std::size_t>(symbol - 257);
      if (lengthCode >= kLengthBase.size()) return CodecStatus::kCorrupt;
      const std::size_t length = kLengthBase[lengthCode] + bits_.take(kLengthBits[lengthCode]);
      bits_.refill();
      const int distanceCode = distances_.decode(bits_);
      if (distanceCode < 0 || static_cast<std::size_t>(distanceCode) >= kDistanceBase.size()) return CodecStatus::kCorrupt;
      const std::size_t distance = kDistanceBase[static_cast<std::size_t>(distanceCode)] + bits_.take(kDistanceBits[static_cast<std::size_t>(distanceCode)]);
      if (distance > sink_.size() - start_) return CodecStatus::kCorrupt;
      if (!sink_.repeat(distance, length)) return CodecStatus::kTooLarge;
    }
  }

  BitReader bits_;
  ByteView in_;
  ByteSink& sink_;
  std::size_t start_;
  HuffmanDecoder literals_;
  HuffmanDecoder distances_;
};

/// Length of a member's header, 0 when there is none.
std::size_t headerBytes(ByteView in) {
  if (in.size() < 10 || in[0] != 0x1f || in[1] != 0x8b || in[2] != 8) return 0;
  const std::uint8_t flags = in[3];
  std::size_t at = 10;
  if ((flags & 4) != 0) {
    if (in.size() - at < 2) return 0;
    at += 2 + (in[at] | static_cast<std::size_t>(in[at + 1]) << 8);
  }
  for (const int text : {8, 16}) {
    if ((flags & text) == 0) continue;
    while (at < in.size() && in[at] != 0) ++at;
    ++at;
  }
  if ((flags & 2) != 0) at += 2;
  return at <= in.size() ? at : 0;
}

std::uint32_t loadLe32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 |
         static_cast<std::uint32_t>(at[3]) << 24;
}

class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}
  void put(std::uint32_t value, int bits) {
    buffer_ |= static_cast<std::uint64_t>(value) << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, buffer_ >>= 8) out_.push_back(static_cast<std::uint8_t>(buffer_));
  }
  /// Huffman codes go with their highest bit first.
  void putCode(std::uint32_t code, int bits) {
    std::uint32_t reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= ((code >> bit) & 1) << (bits - 1 - bit);
    put(reversed, bits);
  }
  void finish() {
    if (count_ > 0) put(0, 8 - count_);
  }

 private:
  std::vector<std::uint8_t>& out_;
  std::uint64_t buffer_ = 0;
  int count_ = 0;
};

void putLiteral(std::uint32_t symbol, BitWriter& bits) {
  if (symbol < 144) bits.putCode(0x30 + symbol, 8);
  else if (symbol < 256) bits.putCode(0x190 + symbol - 144, 9);
  else if (symbol < 280) bits.putCode(symbol - 256, 7);
  else bits.putCode(0xc0 + symbol - 280, 8);
}

template <typename Bases>
std::uint32_t codeOf(const Bases& bases, std::size_t value) {
  return static_cast<std::uint32_t>(std::upper_bound(bases.begin(), bases.end(), value) - bases.begin() - 1);
}

void deflateFixed(ByteView in, std::vector<std::uint8_t>& out) {
  BitWriter bits(out);
  bits.put(1, 1);
  bits.put(1, 2);
  MatchFinder finder(in);
  const MatchFinder::Limits limits{kWindowBytes, 0, 4, 0, 258};
  const std::size_t literals = finder.run(0, in.size(), limits, [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
    for (std::size_t i = from; i < from + run; ++i) putLiteral(in[i], bits);
    const std::uint32_t lengthCode = codeOf(kLengthBase, length);
    putLiteral(257 + lengthCode, bits);
    bits.put(static_cast<std::uint32_t>(length - kLengthBase[lengthCode]), kLengthBits[lengthCode]);
    const std::uint32_t distanceCode = codeOf(kDistanceBase, distance);
    bits.putCode(distanceCode, 5);
    bits.put(static_cast<std::uint32_t>(distance - kDistanceBase[distanceCode]), kDistanceBits[distanceCode]);
  });
  for (std::size_t i = literals; i < in.size(); ++i) putLiteral(in[i], bits);
  putLiteral(256, bits);
  bits.finish();
}

void store(ByteView in, std::vector<std::uint8_t>& out) {
  std::size_t at = 0;
  do {
    const std::size_t size = std::min<std::size_t>(0xffff, in.size() - at);
    out.push_back(at + size == in.size() ? 1 : 0);
    out.push_back(static_cast<std::uint8_t>(size));
    out.push_back(static_cast<std::uint8_t>(size >> 8));
    out.push_back(static_cast<std::uint8_t>(~size));
    out.push_back(static_cast<std::uint8_t>(~size >> 8));
    out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(at), in.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  } while (at < in.size());
}

}  // namespace

CodecStatus gzipDecompress(ByteView in, ByteSink& sink) {
  std::size_t at = 0;
  while (at < in.size()) {
    const std::size_t header = headerBytes(in.subspan(at));
    // Zeros behind the last member are padding.
    if (header == 0) return at > 0 && std::all_of(in.begin() + static_cast<std::ptrdiff_t>(at), in.end(), [](std::uint8_t byte) { return byte == 0; }) ? CodecStatus::kOk : CodecStatus::kCorrupt;
    at += header;
    const std::size_t begun = sink.size();
    std::size_t consumed = 0;
    if (const auto status = Inflater(in.subspan(at), sink).run(consumed); status != CodecStatus::kOk) return status;
    at += consumed;
    if (in.size() - at < 8) return CodecStatus::kCorrupt;
    const ByteView plain(sink.data() + begun, sink.size() - begun);
    if (loadLe32(in.data() + at) != crc32(plain) || loadLe32(in.data() + at + 4) != static_cast<std::uint32_t>(plain.size())) return CodecStatus::kCorrupt;
    at += 8;
  }
  return at > 0 ? CodecStatus::kOk : CodecStatus::kCorrupt;
}

void gzipCompress(ByteView in, std::vector<std::uint8_t>& out) {
  out.insert(out.end(), {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0});
  const std::size_t begun = out.size();
  deflateFixed(in, out);
  if (out.size() - begun > in.size() + 5 * (in.size() / 0xffff + 1)) {
    out.resize(begun);
    store(in, out);
  }
  for (const std::uint32_t word : {crc32(in), static_cast<std::uint32_t>(in.size())})
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(word >> shift));
}

}  // namespace millrace
