#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace millrace {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected

using Slices = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Slices makeSlices() {
  Slices slices{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    slices[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i)
    for (std::size_t slice = 1; slice < 8; ++slice)
      slices[slice][i] = (slices[slice - 1][i] >> 8) ^ slices[0][slices[slice - 1][i] & 0xff];
  return slices;
}

constexpr Slices kSlices = makeSlices();

// The instruction has a latency of three cycles and a throughput of one: three independent streams keep it busy. Their results
// are joined by advancing a CRC over the length of a block of zeros, which is linear and therefore four table look-ups.
constexpr std::size_t kLongBlock = 8192;
constexpr std::size_t kShortBlock = 256;

using ZeroAdvance = std::array<std::array<std::uint32_t, 256>, 4>;

/// `crc` after `bytes` zero bytes, one bit at a time.
constexpr std::uint32_t advanceSlow(std::uint32_t crc, std::size_t bytes) {
  // Square and multiply on the operator "one zero bit", kept as its images of the 32 unit vectors.
  std::array<std::uint32_t, 32> power{};
  power[0] = kPolynomial;
  for (std::size_t i = 1; i < 32; ++i) power[i] = 1u << (i - 1);
  auto apply = [](const std::array<std::uint32_t, 32>& matrix, std::uint32_t vector) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; vector != 0; ++i, vector >>= 1)
      if ((vector & 1) != 0) sum ^= matrix[i];
    return sum;
  };
  for (std::size_t bits = bytes * 8; bits != 0; bits >>= 1) {
    if ((bits & 1) != 0) crc = apply(power, crc);
    std::array<std::uint32_t, 32> squared{};
    for (std::size_t i = 0; i < 32; ++i) squared[i] = apply(power, power[i]);
    power = squared;
  }
  return crc;
}

ZeroAdvance makeAdvance(std::size_t bytes) {
  ZeroAdvance tables{};
  for (std::size_t byte = 0; byte < 4; ++byte)
    for (std::uint32_t i = 0; i < 256; ++i) tables[byte][i] = advanceSlow(i << (8 * byte), bytes);
  return tables;
}

[[maybe_unused]] inline std::uint32_t advance(const ZeroAdvance& tables, std::uint32_t crc) noexcept {
  return tables[0][crc & 0xff] ^ tables[1][(crc >> 8) & 0xff] ^ tables[2][(crc >> 16) & 0xff] ^ tables[3][crc >> 24];
}

#if defined(__x86_64__)
#define MILLRACE_CRC_TARGET __attribute__((target("sse4.2")))
MILLRACE_CRC_TARGET inline std::uint64_t step8(std::uint64_t crc, const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return _mm_crc32_u64(crc, word);
}
MILLRACE_CRC_TARGET inline std::uint64_t step1(std::uint64_t crc, std::uint8_t byte) noexcept {
  return _mm_crc32_u8(static_cast<std::uint32_t>(crc), byte);
}
bool hasInstruction() noexcept { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#define MILLRACE_CRC_TARGET __attribute__((target("+crc")))
MILLRACE_CRC_TARGET inline std::uint64_t step8(std::uint64_t crc, const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return __crc32cd(static_cast<std::uint32_t>(crc), word);
}
MILLRACE_CRC_TARGET inline std::uint64_t step1(std::uint64_t crc, std::uint8_t byte) noexcept {
  return __crc32cb(static_cast<std::uint32_t>(crc), byte);
}
bool hasInstruction() noexcept { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#if defined(MILLRACE_CRC_TARGET)
template <std::size_t Block>
MILLRACE_CRC_TARGET std::uint64_t threeStreams(std::uint64_t crc, const std::uint8_t*& at, std::size_t& left) noexcept {
  static const ZeroAdvance tables = makeAdvance(Block);
  while (left >= 3 * Block) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    const std::uint8_t* const end = at + Block;
    for (; at < end; at += 8) {
      crc = step8(crc, at);
      second = step8(second, at + Block);
      third = step8(third, at + 2 * Block);
    }
    crc = advance(tables, static_cast<std::uint32_t>(crc)) ^ second;
    crc = advance(tables, static_cast<std::uint32_t>(crc)) ^ third;
    at = end + 2 * Block;
    left -= 3 * Block;
  }
  return crc;
}

MILLRACE_CRC_TARGET std::uint32_t crc32cInstruction(const std::uint8_t* at, std::size_t left, std::uint32_t seed) noexcept {
  std::uint64_t crc = ~seed;
  crc = threeStreams<kLongBlock>(crc, at, left);
  crc = threeStreams<kShortBlock>(crc, at, left);
  for (; left >= 8; at += 8, left -= 8) crc = step8(crc, at);
  for (; left > 0; ++at, --left) crc = step1(crc, *at);
  return ~static_cast<std::uint32_t>(crc);
}
#endif

}  // namespace

std::uint32_t crc32cPortable(const std::uint8_t* at, std::size_t left, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint32_t low =
        crc ^ (at[0] | static_cast<std::uint32_t>(at[1]) << 8 | static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24);
    crc = kSlices[7][low & 0xff] ^ kSlices[6][(low >> 8) & 0xff] ^ kSlices[5][(low >> 16) & 0xff] ^ kSlices[4][low >> 24] ^
          kSlices[3][at[4]] ^ kSlices[2][at[5]] ^ kSlices[1][at[6]] ^ kSlices[0][at[7]];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kSlices[0][(crc ^ *at) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(const std::uint8_t* data, std::size_t size, std::uint32_t seed) noexcept {
#if defined(MILLRACE_CRC_TARGET)
  static const bool instruction = hasInstruction();
  if (instruction) return crc32cInstruction(data, size, seed);
#endif
  return crc32cPortable(data, size, seed);
}

}  // namespace millrace
