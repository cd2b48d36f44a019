#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bit_writer.h"
#include "zstd_fse.h"

namespace millrace::zstd {

/// Encoding side of an FSE table (the inverse of FseTable), for at most 64 symbols.
struct FseEncoder {
  struct Symbol {
    std::int32_t deltaFindState = 0;
    std::uint32_t deltaBits = 0;
  };
  int log = 0;
  std::array<std::uint16_t, 1 << kMaxAccuracyLog> states{};
  std::array<Symbol, 64> symbols{};

  /// `frequencies` as `spreadSymbols` asks for them.
  void build(std::span<const std::int16_t> frequencies, int accuracyLog);
};

/// Symbols are encoded from the last to the first; the state that is left goes behind them.
class FseState {
 public:
  FseState(const FseEncoder& encoder, std::size_t lastSymbol);
  void encode(std::size_t symbol, BitWriter& out) {
    const FseEncoder::Symbol& entry = encoder_.symbols[symbol];
    const std::uint32_t bits = (state_ + entry.deltaBits) >> 16;
    out.put(state_, static_cast<int>(bits));
    state_ = encoder_.states[static_cast<std::size_t>(static_cast<std::int32_t>(state_ >> bits) + entry.deltaFindState)];
  }
  void flush(BitWriter& out) const { out.put(state_, encoder_.log); }

 private:
  const FseEncoder& encoder_;
  std::uint32_t state_ = 0;
};

/// How fine a table for `total` occurrences of symbols up to `maxSymbol` is worth to be, 5 to `maxLog`.
[[nodiscard]] int tableLog(std::size_t total, std::size_t maxSymbol, int maxLog);
/// Shares of `1 << log` for symbols that occur `counts` times, as near to the counts as they come, each at least one. At least two
/// symbols occur, at most `1 << log`.
void normalize(std::span<const std::uint32_t> counts, int log, std::span<std::int16_t> frequencies);
/// The table's description, as `readTable` reads it. The last of `frequencies` is not 0.
void writeTable(std::span<const std::int16_t> frequencies, int log, std::vector<std::uint8_t>& out);
/// What coding the symbols takes, in bits; infinite when one of them has no state.
[[nodiscard]] double codedBits(std::span<const std::uint32_t> counts, std::span<const std::int16_t> frequencies, int log);

}  // namespace millrace::zstd
