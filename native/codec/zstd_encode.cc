#include <algorithm>
#include <bit>
#include <optional>

#include "chain_finder.h"
#include "codec.h"
#include "zstd_fse_encode.h"
#include "zstd_literals_encode.h"

// zstd frames (RFC 8878): blocks of sequences, whose tables are made from what the block holds where that pays, and literals.

namespace millrace {
namespace zstd {
namespace {

using Finder = ChainFinder<4, true>;

/// Window as of libzstd's level 3: what a reader must have in memory.
constexpr std::size_t kMaxWindowBytes = 2 * 1024 * 1024;
constexpr int kMaxWindowLog = 21;

SearchEffort effortOf(int level) {
  if (level < 1) return {1, 16, false};
  if (level < 3) return {4 << (level - 1), 32, false};
  if (level < 10) return {6 << (level - 3), std::size_t{48} << (level / 4), true};
  // No further: a batch that is made to match badly must not take a thread for long.
  return {256 << std::min(level - 10, 2), 1024, true};
}

struct Sequence {
  std::uint32_t literals;
  std::uint32_t matchLength;
  std::uint32_t offsetValue;
};

/// The last three distances, which have short names (RFC 8878, 3.1.1.5).
class RepeatedOffsets {
 public:
  std::uint32_t take(std::uint32_t distance, std::uint32_t literals) {
    // Without literals before it the last distance cannot be meant: the names move up, and the third is the last one minus 1.
    const std::uint32_t named[] = {offsets_[0], offsets_[1], offsets_[2], offsets_[0] - 1};
    const std::size_t first = literals == 0 ? 1 : 0;
    for (std::size_t i = first; i < first + 3; ++i) {
      if (named[i] != distance) continue;
      if (i > 1) offsets_[2] = offsets_[1];
      if (i > 0) offsets_[1] = offsets_[0];
      offsets_[0] = distance;
      return static_cast<std::uint32_t>(i - first + 1);
    }
    offsets_[2] = offsets_[1];
    offsets_[1] = offsets_[0];
    offsets_[0] = distance;
    return distance + 3;
  }

 private:
  std::uint32_t offsets_[3] = {1, 4, 8};
};

struct Codes {
  std::uint8_t literals, match, offset;
};

/// Code of every small value; larger ones by their highest bit.
template <std::size_t N, std::size_t Size>
constexpr std::array<std::uint8_t, N> smallCodes(const std::array<std::uint32_t, Size>& bases) {
  std::array<std::uint8_t, N> codes{};
  std::uint8_t code = 0;
  for (std::uint32_t value = bases[0]; value < N; ++value) {
    while (code + 1u < Size && bases[code + 1u] <= value) ++code;
    codes[value] = code;
  }
  return codes;
}
constexpr auto kLiteralLengthCodes = smallCodes<64>(kLiteralLengthBases);
constexpr auto kMatchLengthCodes = smallCodes<131>(kMatchLengthBases);

Codes codesOf(const Sequence& one) {
  const auto high = [](std::uint32_t value) { return static_cast<std::uint8_t>(std::bit_width(value) - 1); };
  return {one.literals < 64 ? kLiteralLengthCodes[one.literals] : static_cast<std::uint8_t>(high(one.literals) + 19),
          one.matchLength < 131 ? kMatchLengthCodes[one.matchLength] : static_cast<std::uint8_t>(high(one.matchLength - 3) + 36), high(one.offsetValue)};
}

/// The table of one of the three kinds of codes: the predefined one, one symbol, or its own.
class CodeTable {
 public:
  /// Modes of RFC 8878, 3.1.1.3.2.1.
  enum class Mode : std::uint8_t { kPredefined = 0, kSingle = 1, kOwn = 2 };

  CodeTable(std::span<const std::int16_t> predefined, int predefinedLog, int maxLog) : predefined_(predefined), predefinedLog_(predefinedLog), maxLog_(maxLog) {}

  void count(std::uint8_t code) { ++counts_[code]; }

  /// Decides, and builds the encoder.
  void choose(std::size_t total) {
    std::size_t used = counts_.size();
    while (counts_[used - 1] == 0) --used;
    if (counts_[used - 1] == total) {
      single_ = static_cast<std::uint8_t>(used - 1);
      // One symbol costs a byte; the predefined table may be cheaper for very few.
      if (codedBits(counts_, predefined_, predefinedLog_) > 8) {
        mode_ = Mode::kSingle;
        return;
      }
    } else {
      const std::span<const std::uint32_t> counts(counts_.data(), used);
      const int log = tableLog(total, used - 1, maxLog_);
      std::array<std::int16_t, 64> frequencies{};
      const auto own = std::span(frequencies).first(used);
      normalize(counts, log, own);
      writeTable(own, log, description_);
      if (codedBits(counts, own, log) + static_cast<double>(description_.size()) * 8 < codedBits(counts, predefined_, predefinedLog_)) {
        mode_ = Mode::kOwn;
        encoder_.build(own, log);
        return;
      }
    }
    mode_ = Mode::kPredefined;
    encoder_.build(predefined_, predefinedLog_);
  }
  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  void write(std::vector<std::uint8_t>& out) const {
    if (mode_ == Mode::kSingle) out.push_back(single_);
    if (mode_ == Mode::kOwn) out.insert(out.end(), description_.begin(), description_.end());
  }
  [[nodiscard]] const FseEncoder& encoder() const noexcept { return encoder_; }

 private:
  std::span<const std::int16_t> predefined_;
  int predefinedLog_;
  int maxLog_;
  std::array<std::uint32_t, 64> counts_{};
  Mode mode_ = Mode::kPredefined;
  std::uint8_t single_ = 0;
  std::vector<std::uint8_t> description_;
  FseEncoder encoder_;
};

/// Of a table of one symbol nothing is written.
class CodeState {
 public:
  CodeState(const CodeTable& table, std::uint8_t last) {
    if (table.mode() != CodeTable::Mode::kSingle) state_.emplace(table.encoder(), last);
  }
  void encode(std::uint8_t code, BitWriter& out) {
    if (state_.has_value()) state_->encode(code, out);
  }
  void flush(BitWriter& out) const {
    if (state_.has_value()) state_->flush(out);
  }

 private:
  std::optional<FseState> state_;
};

void writeCount(std::size_t count, std::vector<std::uint8_t>& out) {
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
}

void writeSequences(const std::vector<Sequence>& sequences, std::vector<std::uint8_t>& out) {
  writeCount(sequences.size(), out);
  if (sequences.empty()) return;
  CodeTable literals(kLiteralLengthFrequencies, kLiteralLengthLog, 9);
  CodeTable offsets(kOffsetFrequencies, kOffsetLog, 8);
  CodeTable matches(kMatchLengthFrequencies, kMatchLengthLog, 9);
  std::vector<Codes> codes;
  codes.reserve(sequences.size());
  for (const Sequence& one : sequences) {
    codes.push_back(codesOf(one));
    literals.count(codes.back().literals);
    offsets.count(codes.back().offset);
    matches.count(codes.back().match);
  }
  for (CodeTable* table : {&literals, &offsets, &matches}) table->choose(sequences.size());
  out.push_back(static_cast<std::uint8_t>(static_cast<int>(literals.mode()) << 6 | static_cast<int>(offsets.mode()) << 4 | static_cast<int>(matches.mode()) << 2));
  for (const CodeTable* table : {&literals, &offsets, &matches}) table->write(out);

  BitWriter bits(out);
  CodeState matchState(matches, codes.back().match);
  CodeState offsetState(offsets, codes.back().offset);
  CodeState literalState(literals, codes.back().literals);
  for (std::size_t i = sequences.size(); i-- > 0;) {
    const Codes& code = codes[i];
    if (i + 1 < sequences.size()) {
      offsetState.encode(code.offset, bits);
      matchState.encode(code.match, bits);
      literalState.encode(code.literals, bits);
    }
    bits.put(sequences[i].literals - kLiteralLengthBases[code.literals], kLiteralLengthBits[code.literals]);
    bits.put(sequences[i].matchLength - kMatchLengthBases[code.match], kMatchLengthBits[code.match]);
    bits.put(sequences[i].offsetValue, code.offset);
  }
  matchState.flush(bits);
  offsetState.flush(bits);
  literalState.flush(bits);
  bits.put(1, 1);
  bits.finish();
}

class FrameWriter {
 public:
  FrameWriter(ByteView in, std::vector<std::uint8_t>& out, int level) : in_(in), out_(out), finder_(in, kMaxWindowBytes, effortOf(level)) {}

  void write() {
    writeHeader();
    std::size_t start = 0;
    do {
      const std::size_t end = std::min(in_.size(), start + kMaxBlockBytes);
      writeBlock(start, end);
      start = end;
    } while (start < in_.size());
  }

 private:
  void little(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  /// What fits the window needs none beside its size.
  void writeHeader() {
    little(kFrameMagic, 4);
    const std::size_t size = in_.size();
    if (size > kMaxWindowBytes) {
      out_.push_back(0x80);
      out_.push_back((kMaxWindowLog - 10) << 3);
      little(size, 4);
    } else if (size < 256) {
      out_.push_back(0x20);
      little(size, 1);
    } else if (size < 0x10000 + 256) {
      out_.push_back(0x60);
      little(size - 256, 2);
    } else {
      out_.push_back(0xa0);
      little(size, 4);
    }
  }

  void writeBlock(std::size_t start, std::size_t end) {
    sequences_.clear();
    literals_.clear();
    const RepeatedOffsets before = repeated_;
    const auto take = [&](std::size_t from, std::size_t run) {
      literals_.insert(literals_.end(), in_.begin() + static_cast<std::ptrdiff_t>(from), in_.begin() + static_cast<std::ptrdiff_t>(from + run));
    };
    const MatchFinder::Limits limits{kMaxWindowBytes, 0, 8, 0, kMaxBlockBytes};
    const std::size_t rest = finder_.run(start, end, limits, [&](std::size_t from, std::size_t run, std::size_t length, std::size_t distance) {
      take(from, run);
      const auto literals = static_cast<std::uint32_t>(run);
      sequences_.push_back({literals, static_cast<std::uint32_t>(length), repeated_.take(static_cast<std::uint32_t>(distance), literals)});
    });
    take(rest, end - rest);
    const std::size_t headerAt = out_.size();
    little(0, 3);
    writeLiterals(literals_, out_);
    writeSequences(sequences_, out_);
    std::size_t size = out_.size() - headerAt - 3;
    std::uint32_t type = 2;
    if (size >= end - start) {
      // A block as it is leaves a reader's last distances alone.
      repeated_ = before;
      out_.resize(headerAt + 3);
      out_.insert(out_.end(), in_.begin() + static_cast<std::ptrdiff_t>(start), in_.begin() + static_cast<std::ptrdiff_t>(end));
      size = end - start;
      type = 0;
    }
    const auto header = static_cast<std::uint32_t>(size << 3) | type << 1 | (end == in_.size() ? 1u : 0u);
    for (int i = 0; i < 3; ++i) out_[headerAt + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(header >> (8 * i));
  }

  ByteView in_;
  std::vector<std::uint8_t>& out_;
  Finder finder_;
  RepeatedOffsets repeated_;
  std::vector<Sequence> sequences_;
  std::vector<std::uint8_t> literals_;
};

}  // namespace
}  // namespace zstd

void zstdCompress(ByteView in, std::vector<std::uint8_t>& out, int level) { zstd::FrameWriter(in, out, level).write(); }

}  // namespace millrace
