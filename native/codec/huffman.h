#pragma once

#include <cstdint>
#include <span>

namespace millrace {

/// Lengths of a prefix code for symbols that occur `counts` times, none longer than `maxBits`: the shortest code, or nearly so where the
/// limit bites. 0 for symbols that do not occur; a single one gets 1. Requires at most 2^maxBits symbols, sum of counts < 2^32.
/// Returns how many symbols occur.
int huffmanLengths(std::span<const std::uint32_t> counts, int maxBits, std::span<std::uint8_t> lengths);

}  // namespace millrace
