#pragma once

#include <cstdint>
#include <vector>

#include "codec.h"

namespace millrace::zstd {

inline constexpr int kMaxHuffmanBits = 11;

/// Appends the literals section of a block (RFC 8878, 3.1.1.3.1): as they are, one byte repeated, or Huffman-coded, whichever is
/// smallest. At most 128 KiB.
void writeLiterals(ByteView literals, std::vector<std::uint8_t>& out);

}  // namespace millrace::zstd
