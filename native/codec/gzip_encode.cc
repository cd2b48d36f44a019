#include <algorithm>
#include <bit>

#include "bit_writer.h"
#include "chain_finder.h"
#include "codec.h"
#include "deflate_tables.h"
#include "huffman.h"

// gzip (RFC 1952) around DEFLATE (RFC 1951): blocks of some ten thousand strings, each with the codes that suit it.

namespace millrace {
namespace deflate {
namespace {

constexpr std::size_t kLiteralCodes = 286;
constexpr std::size_t kDistanceCodes = 30;
/// Literals and matches of one block: enough to pay for its codes, few enough to follow changes of what the data is like.
constexpr std::size_t kBlockTokens = 20'000;
constexpr std::size_t kMaxMatch = 258;

using Finder = ChainFinder<3, false>;

/// By level, 1 to 9.
constexpr SearchEffort kEfforts[] = {{4, 8, false}, {6, 16, false}, {10, 32, false}, {8, 32, true}, {16, 64, true}, {48, 128, true}, {96, 160, true}, {256, 258, true}, {1024, 258, true}};

constexpr auto kLengthCodes = [] {
  std::array<std::uint8_t, kMaxMatch + 1> codes{};
  for (std::size_t code = 0; code < kLengthBase.size(); ++code)
    for (std::size_t length = kLengthBase[code]; length <= kMaxMatch; ++length) codes[length] = static_cast<std::uint8_t>(code);
  return codes;
}();

std::size_t distanceCode(std::uint32_t distance) {
  const std::uint32_t from0 = distance - 1;
  if (from0 < 2) return from0;
  const int high = static_cast<int>(std::bit_width(from0)) - 1;
  return 2 * static_cast<std::size_t>(high) + ((from0 >> (high - 1)) & 1);
}

/// A literal, or a match: its length and distance.
struct Token {
  std::uint16_t length;  ///< 0: a literal
  std::uint16_t value;   ///< the literal, or the distance
};

/// A prefix code whose words are bit-reversed, as DEFLATE writes them.
template <std::size_t N>
struct Code {
  std::array<std::uint8_t, N> lengths{};
  std::array<std::uint16_t, N> words{};

  void build() {
    std::array<std::uint32_t, kMaxCodeBits + 2> next{};
    for (const std::uint8_t length : lengths)
      if (length > 0) ++next[length + 1u];
    for (std::size_t length = 1; length < next.size(); ++length) next[length] = (next[length] + next[length - 1]) << 1;
    for (std::size_t symbol = 0; symbol < N; ++symbol) {
      const int length = lengths[symbol];
      if (length == 0) continue;
      const std::uint32_t word = next[static_cast<std::size_t>(length)]++;
      std::uint32_t reversed = 0;
      for (int bit = 0; bit < length; ++bit) reversed |= ((word >> bit) & 1) << (length - 1 - bit);
      words[symbol] = static_cast<std::uint16_t>(reversed);
    }
  }
  void put(std::size_t symbol, BitWriter& bits) const { bits.put(words[symbol], lengths[symbol]); }
};

struct Codes {
  Code<kLiteralCodes> literals;
  Code<kDistanceCodes> distances;
};

const Codes& fixedCodes() {
  static const Codes kFixed = [] {
    Code<288> all;
    for (std::size_t symbol = 0; symbol < 288; ++symbol) all.lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    all.build();
    Codes codes;
    std::copy_n(all.lengths.begin(), kLiteralCodes, codes.literals.lengths.begin());
    std::copy_n(all.words.begin(), kLiteralCodes, codes.literals.words.begin());
    codes.distances.lengths.fill(5);
    codes.distances.build();
    return codes;
  }();
  return kFixed;
}

/// The lengths of both codes as they are written: in runs, with a code of their own.
struct LengthsText {
  struct Piece {
    std::uint8_t symbol;
    std::uint8_t extra;
  };
  std::size_t literalCount = 0;
  std::size_t distanceCount = 0;
  std::size_t orderCount = 0;
  std::vector<Piece> pieces;
  Code<19> code;

  static constexpr int extraBits(std::uint8_t symbol) { return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0; }

  explicit LengthsText(const Codes& codes) {
    literalCount = kLiteralCodes;
    while (literalCount > 257 && codes.literals.lengths[literalCount - 1] == 0) --literalCount;
    distanceCount = kDistanceCodes;
    while (distanceCount > 1 && codes.distances.lengths[distanceCount - 1] == 0) --distanceCount;
    std::vector<std::uint8_t> lengths(codes.literals.lengths.begin(), codes.literals.lengths.begin() + static_cast<std::ptrdiff_t>(literalCount));
    lengths.insert(lengths.end(), codes.distances.lengths.begin(), codes.distances.lengths.begin() + static_cast<std::ptrdiff_t>(distanceCount));
    for (std::size_t at = 0; at < lengths.size();) {
      std::size_t end = at + 1;
      while (end < lengths.size() && lengths[end] == lengths[at]) ++end;
      takeRun(lengths[at], end - at);
      at = end;
    }
    std::array<std::uint32_t, 19> counts{};
    for (const Piece& piece : pieces) ++counts[piece.symbol];
    // Decoders refuse this code unless it is complete: it has two symbols at least.
    if (std::count(counts.begin(), counts.end(), 0u) == 18) ++counts[counts[0] == 0 ? 0 : 1];
    huffmanLengths(counts, 7, code.lengths);
    code.build();
    orderCount = kCodeLengthOrder.size();
    while (orderCount > 4 && code.lengths[kCodeLengthOrder[orderCount - 1]] == 0) --orderCount;
  }

  [[nodiscard]] std::size_t bits() const {
    std::size_t sum = 14 + 3 * orderCount;
    for (const Piece& piece : pieces) sum += code.lengths[piece.symbol] + static_cast<std::size_t>(extraBits(piece.symbol));
    return sum;
  }
  void write(BitWriter& out) const {
    out.put(literalCount - 257, 5);
    out.put(distanceCount - 1, 5);
    out.put(orderCount - 4, 4);
    for (std::size_t i = 0; i < orderCount; ++i) out.put(code.lengths[kCodeLengthOrder[i]], 3);
    for (const Piece& piece : pieces) {
      code.put(piece.symbol, out);
      out.put(piece.extra, extraBits(piece.symbol));
    }
  }

 private:
  void takeRun(std::uint8_t length, std::size_t run) {
    if (length != 0) {
      pieces.push_back({length, 0});
      --run;
    }
    const std::size_t longest = length == 0 ? 138 : 6;
    while (run >= 3) {
      const std::size_t part = std::min(run, longest);
      if (length != 0) pieces.push_back({16, static_cast<std::uint8_t>(part - 3)});
      else if (part <= 10) pieces.push_back({17, static_cast<std::uint8_t>(part - 3)});
      else pieces.push_back({18, static_cast<std::uint8_t>(part - 11)});
      run -= part;
    }
    for (; run > 0; --run) pieces.push_back({length, 0});
  }
};

class BlockWriter {
 public:
  BlockWriter(ByteView in, std::vector<std::uint8_t>& out) : in_(in), out_(out), bits_(out) { tokens_.reserve(kBlockTokens + 1); }

  void literals(std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
      ++literalCounts_[in_[i]];
      push({0, in_[i]}, 1);
    }
  }
  void match(std::size_t length, std::size_t distance) {
    ++literalCounts_[257u + kLengthCodes[length]];
    ++distanceCounts_[distanceCode(static_cast<std::uint32_t>(distance))];
    push({static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(distance)}, length);
  }
  void finish() {
    flush(true);
    bits_.finish();
  }

 private:
  void push(Token token, std::size_t bytes) {
    tokens_.push_back(token);
    covered_ += bytes;
    if (tokens_.size() >= kBlockTokens) flush(false);
  }

  /// The block in whichever of the three forms is smallest.
  void flush(bool last) {
    ++literalCounts_[kEndOfBlock];
    Codes codes;
    huffmanLengths(literalCounts_, kMaxCodeBits, codes.literals.lengths);
    auto distanceCounts = distanceCounts_;
    // Some decoders want two codes of distances even where none is used.
    for (std::size_t i = 0; std::count(distanceCounts.begin(), distanceCounts.end(), 0u) > 28; ++i) ++distanceCounts[i];
    huffmanLengths(distanceCounts, kMaxCodeBits, codes.distances.lengths);
    const LengthsText text(codes);
    const std::size_t extra = extraBits();
    const std::size_t dynamicBits = text.bits() + codedBits(codes) + extra;
    const std::size_t fixedBits = codedBits(fixedCodes()) + extra;
    const std::size_t storedBits = (covered_ + 5 * (covered_ / 0xffff + 1)) * 8;
    if (storedBits < std::min(dynamicBits, fixedBits)) {
      store(last);
    } else if (dynamicBits < fixedBits) {
      bits_.put((last ? 1u : 0u) | 2u << 1, 3);
      text.write(bits_);
      codes.literals.build();
      codes.distances.build();
      write(codes);
    } else {
      bits_.put((last ? 1u : 0u) | 1u << 1, 3);
      write(fixedCodes());
    }
    begun_ += covered_;
    covered_ = 0;
    tokens_.clear();
    literalCounts_.fill(0);
    distanceCounts_.fill(0);
  }

  [[nodiscard]] std::size_t codedBits(const Codes& codes) const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kLiteralCodes; ++i) sum += std::size_t{literalCounts_[i]} * codes.literals.lengths[i];
    for (std::size_t i = 0; i < kDistanceCodes; ++i) sum += std::size_t{distanceCounts_[i]} * codes.distances.lengths[i];
    return sum;
  }
  [[nodiscard]] std::size_t extraBits() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kLengthBits.size(); ++i) sum += std::size_t{literalCounts_[257 + i]} * kLengthBits[i];
    for (std::size_t i = 0; i < kDistanceBits.size(); ++i) sum += std::size_t{distanceCounts_[i]} * kDistanceBits[i];
    return sum;
  }

  void write(const Codes& codes) {
    for (const Token token : tokens_) {
      if (token.length == 0) {
        codes.literals.put(token.value, bits_);
        continue;
      }
      const std::size_t length = kLengthCodes[token.length];
      codes.literals.put(257 + length, bits_);
      bits_.put(static_cast<std::uint32_t>(token.length - kLengthBase[length]), kLengthBits[length]);
      const std::size_t distance = distanceCode(token.value);
      codes.distances.put(distance, bits_);
      bits_.put(static_cast<std::uint32_t>(token.value - kDistanceBase[distance]), kDistanceBits[distance]);
    }
    codes.literals.put(kEndOfBlock, bits_);
  }

  void store(bool last) {
    std::size_t at = begun_;
    const std::size_t end = begun_ + covered_;
    do {
      const std::size_t size = std::min<std::size_t>(0xffff, end - at);
      bits_.put(last && at + size == end ? 1 : 0, 3);
      bits_.finish();
      for (const std::size_t word : {size, ~size}) bits_.put(word & 0xffff, 16);
      bits_.finish();
      out_.insert(out_.end(), in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(at + size));
      at += size;
    } while (at < end);
  }

  ByteView in_;
  std::vector<std::uint8_t>& out_;
  BitWriter bits_;
  std::vector<Token> tokens_;
  std::size_t begun_ = 0;    ///< where the block begins in the input
  std::size_t covered_ = 0;  ///< bytes that its tokens stand for
  std::array<std::uint32_t, kLiteralCodes> literalCounts_{};
  std::array<std::uint32_t, kDistanceCodes> distanceCounts_{};
};

}  // namespace
}  // namespace deflate

void gzipCompress(ByteView in, std::vector<std::uint8_t>& out, int level) {
  using namespace deflate;
  out.insert(out.end(), {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0});
  BlockWriter writer(in, out);
  Finder finder(in, kWindowBytes, kEfforts[std::clamp(level, 1, 9) - 1]);
  const std::size_t literals = finder.run(0, in.size(), {kWindowBytes, 0, 4, 0, kMaxMatch}, [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
    writer.literals(from, run);
    writer.match(length, distance);
  });
  writer.literals(literals, in.size() - literals);
  writer.finish();
  for (const std::uint32_t word : {crc32(in), static_cast<std::uint32_t>(in.size())})
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(word >> shift));
}

}  // namespace millrace
