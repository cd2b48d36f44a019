#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "../io/file_region.h"

namespace millrace {

/// Regions that JavaScript holds by number between `read` and `send`. Loop thread only. A number is taken exactly once.
class RegionTable {
 public:
  [[nodiscard]] std::uint32_t put(FileRegion region) {
    if (free_.empty()) {
      slots_.push_back(std::move(region));
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t id = free_.back();
    free_.pop_back();
    slots_[id] = std::move(region);
    return id;
  }

  /// Empty region (null file) when the number is not in use.
  [[nodiscard]] FileRegion take(std::uint32_t id) {
    if (id >= slots_.size() || slots_[id].file == nullptr) return {};
    FileRegion region = std::move(slots_[id]);
    slots_[id] = FileRegion{};
    free_.push_back(id);
    return region;
  }

  [[nodiscard]] std::size_t inUse() const noexcept { return slots_.size() - free_.size(); }

 private:
  std::vector<FileRegion> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace millrace
