#include <algorithm>
#include <array>
#include <bit>

#include "codec.h"
#include "deflate_tables.h"

// Reads gzip (RFC 1952) around DEFLATE (RFC 1951).

namespace millrace {

std::uint32_t deflate::crc32(ByteView bytes) {
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

namespace {

using namespace deflate;

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
    const std::size_t literalCount = bits_.take(5) + 257;
    const std::size_t distanceCount = bits_.take(5) + 1;
    const std::size_t codeCount = bits_.take(4) + 4;
    if (literalCount > 286 || distanceCount > 30) return CodecStatus::kCorrupt;
    std::array<std::uint8_t, 286 + 30> lengths{};
    for (std::size_t i = 0; i < codeCount; ++i) lengths[kCodeLengthOrder[i]] = static_cast<std::uint8_t>(bits_.take(3));
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

}  // namespace millrace
