#include <algorithm>
#include <bit>

#include "codec.h"
#include "match_finder.h"
#include "zstd_fse.h"

// zstd frames with matches but plain literals: sequences are coded with the predefined tables, literals are not Huffman-coded. What
// comes out is larger than libzstd's by what entropy coding of literals would save, and any decoder reads it.

namespace millrace {
namespace zstd {
namespace {

/// Encoding side of an FSE table (the inverse of FseTable).
struct Encoder {
  struct Symbol {
    std::int32_t deltaFindState = 0;
    std::uint32_t deltaBits = 0;
  };
  int log = 0;
  std::array<std::uint16_t, 64> states{};
  std::array<Symbol, 64> symbols{};

  Encoder(std::span<const std::int16_t> frequencies, int accuracyLog) : log(accuracyLog) {
    const std::size_t size = std::size_t{1} << log;
    std::array<std::uint8_t, 64> spread{};
    (void)spreadSymbols(frequencies, log, std::span(spread).first(size));
    std::array<std::uint16_t, 65> next{};
    for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol)
      next[symbol + 1] = static_cast<std::uint16_t>(next[symbol] + (frequencies[symbol] == -1 ? 1 : frequencies[symbol]));
    std::int32_t total = 0;
    for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
      const std::int32_t frequency = frequencies[symbol] == -1 ? 1 : frequencies[symbol];
      const int maxBits = frequency == 1 ? log : log - (static_cast<int>(std::bit_width(static_cast<unsigned>(frequency - 1))) - 1);
      symbols[symbol].deltaBits = (static_cast<std::uint32_t>(maxBits) << 16) - (static_cast<std::uint32_t>(frequency) << maxBits);
      symbols[symbol].deltaFindState = total - frequency;
      total += frequency;
    }
    for (std::size_t state = 0; state < size; ++state) states[next[spread[state]]++] = static_cast<std::uint16_t>(size + state);
  }
};

/// Written forwards, read backwards.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}
  void put(std::uint64_t value, int bits) {
    buffer_ |= (value & ((std::uint64_t{1} << bits) - 1)) << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, buffer_ >>= 8) out_.push_back(static_cast<std::uint8_t>(buffer_));
  }
  void finish() {
    put(1, 1);
    if (count_ > 0) put(0, 8 - count_);
  }

 private:
  std::vector<std::uint8_t>& out_;
  std::uint64_t buffer_ = 0;
  int count_ = 0;
};

class EncodingState {
 public:
  EncodingState(const Encoder& encoder, std::size_t first) : encoder_(encoder) {
    const Encoder::Symbol& symbol = encoder.symbols[first];
    const std::uint32_t bits = (symbol.deltaBits + (1u << 15)) >> 16;
    const std::uint32_t value = (bits << 16) - symbol.deltaBits;
    state_ = encoder.states[static_cast<std::size_t>(static_cast<std::int32_t>(value >> bits) + symbol.deltaFindState)];
  }
  void encode(std::size_t next, BitWriter& out) {
    const Encoder::Symbol& symbol = encoder_.symbols[next];
    const std::uint32_t bits = (state_ + symbol.deltaBits) >> 16;
    out.put(state_, static_cast<int>(bits));
    state_ = encoder_.states[static_cast<std::size_t>(static_cast<std::int32_t>(state_ >> bits) + symbol.deltaFindState)];
  }
  void flush(BitWriter& out) const { out.put(state_, encoder_.log); }

 private:
  const Encoder& encoder_;
  std::uint32_t state_ = 0;
};

struct Sequence {
  std::uint32_t literals;
  std::uint32_t matchLength;
  std::uint32_t distance;
};

template <typename Bases>
std::size_t codeOf(const Bases& bases, std::uint32_t value) {
  return static_cast<std::size_t>(std::upper_bound(bases.begin(), bases.end(), value) - bases.begin() - 1);
}

void writeSequences(const std::vector<Sequence>& sequences, std::vector<std::uint8_t>& out) {
  static const Encoder kLiteralLengths(kLiteralLengthFrequencies, kLiteralLengthLog);
  static const Encoder kOffsets(kOffsetFrequencies, kOffsetLog);
  static const Encoder kMatchLengths(kMatchLengthFrequencies, kMatchLengthLog);
  const std::size_t count = sequences.size();
  if (count < 128) {
    out.push_back(static_cast<std::uint8_t>(count));
  } else if (count < 0x7f00) {
    out.push_back(static_cast<std::uint8_t>((count >> 8) + 128));
    out.push_back(static_cast<std::uint8_t>(count));
  } else {
    out.push_back(255);
    out.push_back(static_cast<std::uint8_t>(count - 0x7f00));
    out.push_back(static_cast<std::uint8_t>((count - 0x7f00) >> 8));
  }
  if (count == 0) return;
  out.push_back(0);  // all three tables are the predefined ones
  BitWriter bits(out);
  struct Codes {
    std::size_t literals, match, offset;
  };
  const auto codesOf = [](const Sequence& one) {
    return Codes{codeOf(kLiteralLengthBases, one.literals), codeOf(kMatchLengthBases, one.matchLength),
                 static_cast<std::size_t>(std::bit_width(one.distance + 3)) - 1};
  };
  const auto putExtra = [&bits](const Sequence& one, const Codes& codes) {
    bits.put(one.literals - kLiteralLengthBases[codes.literals], kLiteralLengthBits[codes.literals]);
    bits.put(one.matchLength - kMatchLengthBases[codes.match], kMatchLengthBits[codes.match]);
    bits.put(one.distance + 3, static_cast<int>(codes.offset));
  };
  const Codes last = codesOf(sequences.back());
  EncodingState match(kMatchLengths, last.match);
  EncodingState offset(kOffsets, last.offset);
  EncodingState literals(kLiteralLengths, last.literals);
  putExtra(sequences.back(), last);
  for (std::size_t i = count - 1; i-- > 0;) {
    const Codes codes = codesOf(sequences[i]);
    offset.encode(codes.offset, bits);
    match.encode(codes.match, bits);
    literals.encode(codes.literals, bits);
    putExtra(sequences[i], codes);
  }
  match.flush(bits);
  offset.flush(bits);
  literals.flush(bits);
  bits.finish();
}

void writeLiterals(const std::vector<std::uint8_t>& literals, std::vector<std::uint8_t>& out) {
  const std::size_t size = literals.size();
  if (size < 32) {
    out.push_back(static_cast<std::uint8_t>(size << 3));
  } else if (size < 4096) {
    out.push_back(static_cast<std::uint8_t>(size << 4 | 1 << 2));
    out.push_back(static_cast<std::uint8_t>(size >> 4));
  } else {
    out.push_back(static_cast<std::uint8_t>(size << 4 | 3 << 2));
    out.push_back(static_cast<std::uint8_t>(size >> 4));
    out.push_back(static_cast<std::uint8_t>(size >> 12));
  }
  out.insert(out.end(), literals.begin(), literals.end());
}

}  // namespace
}  // namespace zstd

void zstdCompress(ByteView in, std::vector<std::uint8_t>& out) {
  const auto little = [&out](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  little(zstd::kFrameMagic, 4);
  out.push_back(0x80);  // content size of four bytes, a window, no checksum
  out.push_back(7 << 3);  // the window: 2^(10 + 7) bytes
  little(in.size(), 4);
  MatchFinder finder(in);
  std::vector<zstd::Sequence> sequences;
  std::vector<std::uint8_t> literals;
  std::size_t start = 0;
  do {
    const std::size_t end = std::min(in.size(), start + zstd::kMaxBlockBytes);
    sequences.clear();
    literals.clear();
    const auto take = [&](std::size_t from, std::size_t run) {
      literals.insert(literals.end(), in.begin() + static_cast<std::ptrdiff_t>(from), in.begin() + static_cast<std::ptrdiff_t>(from + run));
    };
    const MatchFinder::Limits limits{zstd::kMaxBlockBytes, 0, 8, 0, zstd::kMaxBlockBytes};
    const std::size_t rest = finder.run(start, end, limits, [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
      take(from, run);
      sequences.push_back({static_cast<std::uint32_t>(run), static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(distance)});
    });
    take(rest, end - rest);
    const std::uint32_t last = end == in.size() ? 1 : 0;
    const std::size_t headerAt = out.size();
    little(0, 3);
    zstd::writeLiterals(literals, out);
    zstd::writeSequences(sequences, out);
    std::size_t size = out.size() - headerAt - 3;
    std::uint32_t type = 2;
    if (size >= end - start) {
      out.resize(headerAt + 3);
      out.insert(out.end(), in.begin() + static_cast<std::ptrdiff_t>(start), in.begin() + static_cast<std::ptrdiff_t>(end));
      size = end - start;
      type = 0;
    }
    const auto header = static_cast<std::uint32_t>(size << 3) | type << 1 | last;
    for (int i = 0; i < 3; ++i) out[headerAt + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(header >> (8 * i));
    start = end;
  } while (start < in.size());
}

}  // namespace millrace
