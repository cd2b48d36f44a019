#pragma once

#include <vector>

#include "../../native/net/slab.h"

namespace millrace {

/// Receive memory on the plain heap.
class PlainMemory : public SlabMemory {
 public:
  std::uint8_t* allocate(std::uint32_t index, std::size_t capacity) override {
    if (index >= buffers_.size()) buffers_.resize(index + 1);
    buffers_[index].resize(capacity);
    return buffers_[index].data();
  }
  void free(std::uint32_t index) override { std::vector<std::uint8_t>().swap(buffers_[index]); }

  [[nodiscard]] const std::uint8_t* at(std::uint32_t index) const { return buffers_[index].data(); }

 private:
  std::vector<std::vector<std::uint8_t>> buffers_;
};

}  // namespace millrace
