#include "zstd_fse.h"

#include <bit>
#include <cstring>

namespace millrace::zstd {

bool spreadSymbols(std::span<const std::int16_t> frequencies, int accuracyLog, std::span<std::uint8_t> symbols) {
  const std::size_t size = std::size_t{1} << accuracyLog;
  std::size_t high = size;
  std::size_t sum = 0;
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    sum += frequencies[symbol] == -1 ? 1 : static_cast<std::size_t>(frequencies[symbol]);
    if (sum > size) return false;
    if (frequencies[symbol] == -1) symbols[--high] = static_cast<std::uint8_t>(symbol);
  }
  if (sum != size) return false;
  const std::size_t step = (size >> 1) + (size >> 3) + 3;
  std::size_t position = 0;
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    for (std::int16_t count = frequencies[symbol]; count > 0; --count) {
      symbols[position] = static_cast<std::uint8_t>(symbol);
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  }
  return true;
}

bool buildTable(std::span<const std::int16_t> frequencies, int accuracyLog, FseTable& table) {
  std::array<std::uint8_t, 1 << kMaxAccuracyLog> symbols{};
  if (!spreadSymbols(frequencies, accuracyLog, symbols)) return false;
  std::array<std::uint16_t, 256> next{};
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) next[symbol] = frequencies[symbol] == -1 ? 1 : static_cast<std::uint16_t>(frequencies[symbol]);
  table.accuracyLog = accuracyLog;
  const std::size_t size = std::size_t{1} << accuracyLog;
  for (std::size_t state = 0; state < size; ++state) {
    const std::uint8_t symbol = symbols[state];
    const std::uint16_t count = next[symbol]++;
    const int bits = accuracyLog - (static_cast<int>(std::bit_width(static_cast<unsigned>(count))) - 1);
    table.states[state] = {symbol, static_cast<std::uint8_t>(bits), static_cast<std::uint16_t>((static_cast<std::size_t>(count) << bits) - size)};
  }
  return true;
}

void buildSingle(std::uint8_t symbol, FseTable& table) {
  table.accuracyLog = 0;
  table.states[0] = {symbol, 0, 0};
}

bool readTable(ByteView in, std::size_t& at, int maxAccuracyLog, std::size_t maxSymbol, FseTable& table) {
  std::size_t bitAt = at * 8;
  const auto peek = [&](int count) -> std::uint32_t {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i)
      if ((bitAt >> 3) + i < in.size()) word |= static_cast<std::uint32_t>(in[(bitAt >> 3) + i]) << (8 * i);
    return (word >> (bitAt & 7)) & ((1u << count) - 1);
  };
  const int accuracyLog = static_cast<int>(peek(4)) + 5;
  bitAt += 4;
  if (accuracyLog > maxAccuracyLog) return false;
  std::array<std::int16_t, 256> frequencies{};
  std::size_t count = 0;
  std::int32_t remaining = 1 << accuracyLog;
  while (remaining > 0) {
    if (count > maxSymbol || bitAt >= in.size() * 8) return false;
    // One of 0 to remaining + 1; small values take one bit less.
    const int bits = static_cast<int>(std::bit_width(static_cast<unsigned>(remaining + 1)));
    const std::uint32_t small = (1u << (bits - 1)) - 1;
    const std::uint32_t threshold = (1u << bits) - 2 - static_cast<std::uint32_t>(remaining);
    std::uint32_t value = peek(bits);
    if ((value & small) < threshold) {
      value &= small;
      bitAt += static_cast<std::size_t>(bits - 1);
    } else {
      if (value > small) value -= threshold;
      bitAt += static_cast<std::size_t>(bits);
    }
    const auto frequency = static_cast<std::int16_t>(static_cast<std::int32_t>(value) - 1);
    remaining -= frequency < 0 ? -frequency : frequency;
    frequencies[count++] = frequency;
    if (frequency != 0) continue;
    for (std::uint32_t repeat = 3; repeat == 3;) {
      repeat = peek(2);
      bitAt += 2;
      if (count + repeat > maxSymbol + 1) return false;
      count += repeat;
    }
  }
  const std::size_t end = (bitAt + 7) >> 3;
  if (remaining < 0 || count > maxSymbol + 1 || end > in.size()) return false;
  at = end;
  return buildTable({frequencies.data(), count}, accuracyLog, table);
}

bool BackwardBits::open(ByteView in) {
  in_ = in;
  if (in.empty() || in.back() == 0) return false;
  left_ = static_cast<std::int64_t>(in.size() - 1) * 8 + static_cast<std::int64_t>(std::bit_width(static_cast<unsigned>(in.back()))) - 1;
  return true;
}

std::uint64_t BackwardBits::peek(int count) const noexcept {
  if (count == 0 || left_ <= 0) return 0;
  const std::int64_t at = left_ - count;
  const std::int64_t from = at > 0 ? at : 0;
  std::uint64_t word = 0;
  const auto byte = static_cast<std::size_t>(from >> 3);
  if (std::endian::native == std::endian::little && in_.size() - byte >= sizeof word) std::memcpy(&word, in_.data() + byte, sizeof word);
  else
    for (std::size_t i = 0; i < 8 && byte + i < in_.size(); ++i) word |= static_cast<std::uint64_t>(in_[byte + i]) << (8 * i);
  word >>= from & 7;
  const std::int64_t have = left_ - from;
  word &= (std::uint64_t{1} << have) - 1;
  return at < 0 ? word << -at : word;
}

}  // namespace millrace::zstd
