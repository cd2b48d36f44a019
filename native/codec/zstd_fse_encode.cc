#include "zstd_fse_encode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace millrace::zstd {
namespace {

constexpr std::int16_t statesOf(std::int16_t frequency) { return frequency == -1 ? std::int16_t{1} : frequency; }

}  // namespace

void FseEncoder::build(std::span<const std::int16_t> frequencies, int accuracyLog) {
  log = accuracyLog;
  const std::size_t size = std::size_t{1} << log;
  std::array<std::uint8_t, 1 << kMaxAccuracyLog> spread{};
  (void)spreadSymbols(frequencies, log, std::span(spread).first(size));
  std::array<std::uint16_t, 65> next{};
  std::int32_t total = 0;
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    const std::int32_t frequency = statesOf(frequencies[symbol]);
    next[symbol + 1] = static_cast<std::uint16_t>(next[symbol] + frequency);
    if (frequency == 0) continue;
    const int maxBits = frequency == 1 ? log : log - (static_cast<int>(std::bit_width(static_cast<unsigned>(frequency - 1))) - 1);
    symbols[symbol].deltaBits = (static_cast<std::uint32_t>(maxBits) << 16) - (static_cast<std::uint32_t>(frequency) << maxBits);
    symbols[symbol].deltaFindState = total - frequency;
    total += frequency;
  }
  for (std::size_t state = 0; state < size; ++state) states[next[spread[state]]++] = static_cast<std::uint16_t>(size + state);
}

FseState::FseState(const FseEncoder& encoder, std::size_t lastSymbol) : encoder_(encoder) {
  const FseEncoder::Symbol& symbol = encoder.symbols[lastSymbol];
  const std::uint32_t bits = (symbol.deltaBits + (1u << 15)) >> 16;
  const std::uint32_t value = (bits << 16) - symbol.deltaBits;
  state_ = encoder.states[static_cast<std::size_t>(static_cast<std::int32_t>(value >> bits) + symbol.deltaFindState)];
}

int tableLog(std::size_t total, std::size_t maxSymbol, int maxLog) {
  // Finer than the counts are is worth nothing; every symbol needs a state.
  const int useful = static_cast<int>(std::bit_width(std::max<std::size_t>(total, 2) - 1)) - 3;
  const int needed = static_cast<int>(std::bit_width(maxSymbol)) + 1;
  return std::clamp(std::max(useful, needed), 5, maxLog);
}

void normalize(std::span<const std::uint32_t> counts, int log, std::span<std::int16_t> frequencies) {
  double total = 0;
  for (const std::uint32_t count : counts) total += count;
  const int size = 1 << log;
  int left = size;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto share = static_cast<int>(counts[i] / total * size + 0.5);
    frequencies[i] = static_cast<std::int16_t>(counts[i] == 0 ? 0 : std::max(1, share));
    left -= frequencies[i];
  }
  // What rounding gave too much or too little goes where it changes the output least.
  for (; left != 0; left += left > 0 ? -1 : 1) {
    const int step = left > 0 ? 1 : -1;
    std::size_t best = counts.size();
    double bestGain = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0 || frequencies[i] + step < 1) continue;
      const double gain = counts[i] * std::log2(static_cast<double>(frequencies[i] + step) / frequencies[i]);
      if (gain > bestGain) {
        bestGain = gain;
        best = i;
      }
    }
    frequencies[best] = static_cast<std::int16_t>(frequencies[best] + step);
  }
}

void writeTable(std::span<const std::int16_t> frequencies, int log, std::vector<std::uint8_t>& out) {
  BitWriter bits(out);
  bits.put(static_cast<std::uint32_t>(log - 5), 4);
  std::int32_t remaining = 1 << log;
  for (std::size_t symbol = 0; remaining > 0; ++symbol) {
    // One of 0 to remaining + 1; small values take one bit less.
    const int width = static_cast<int>(std::bit_width(static_cast<unsigned>(remaining + 1)));
    const std::uint32_t small = (1u << (width - 1)) - 1;
    const std::uint32_t threshold = (1u << width) - 2 - static_cast<std::uint32_t>(remaining);
    const auto value = static_cast<std::uint32_t>(frequencies[symbol] + 1);
    if (value < threshold) bits.put(value, width - 1);
    else bits.put(value > small ? value + threshold : value, width);
    remaining -= statesOf(frequencies[symbol]);
    if (frequencies[symbol] != 0) continue;
    std::size_t zeros = 0;
    while (symbol + 1 < frequencies.size() && frequencies[symbol + 1] == 0) {
      ++zeros;
      ++symbol;
    }
    for (; zeros >= 3; zeros -= 3) bits.put(3, 2);
    bits.put(zeros, 2);
  }
  bits.finish();
}

double codedBits(std::span<const std::uint32_t> counts, std::span<const std::int16_t> frequencies, int log) {
  double bits = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    if (i >= frequencies.size() || frequencies[i] == 0) return std::numeric_limits<double>::infinity();
    bits += counts[i] * (log - std::log2(static_cast<double>(statesOf(frequencies[i]))));
  }
  return bits;
}

}  // namespace millrace::zstd
