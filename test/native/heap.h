#pragma once

#include <cstddef>

namespace harness {

/// Bytes that `new` has given and not got back, in this program. What the kernel holds of a socket or a file is not in it.
[[nodiscard]] std::size_t heapBytes();

}  // namespace harness
