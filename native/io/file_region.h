#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "../base/unique_fd.h"

namespace millrace {

class FileWindow;

/// An open segment file as the regions made of it see it. Loop thread only, but for its end.
class PinnedFile {
 public:
  explicit PinnedFile(std::shared_ptr<const UniqueFd> fd) : fd_(std::move(fd)) {}
  explicit PinnedFile(int fd) : fd_(std::make_shared<const UniqueFd>(fd)) {}

  [[nodiscard]] int get() const noexcept { return fd_->get(); }
  [[nodiscard]] const std::shared_ptr<const UniqueFd>& descriptor() const noexcept { return fd_; }
  /// The file was truncated here: what lies behind is not, or no longer, what regions of this pin were made of.
  void cut(std::uint64_t at) const noexcept { cutAt_ = at; }
  [[nodiscard]] std::uint64_t cutAt() const noexcept { return cutAt_; }

  /// Some of it had to be read from the medium: what the page cache has of it may still be on its way.
  void readAhead() const noexcept { readAhead_ = true; }
  [[nodiscard]] bool wasReadAhead() const noexcept { return readAhead_; }

  /// A window of the file that was asked for, and is mapped once it was asked for again (`FileViews`).
  struct Window {
    std::uint64_t number = UINT64_MAX;
    std::shared_ptr<FileWindow> view;
  };
  [[nodiscard]] Window& window(std::uint64_t number) const {
    if (windows_ == nullptr) windows_ = std::make_unique<std::array<Window, 4>>();
    return (*windows_)[number % windows_->size()];
  }

 private:
  std::shared_ptr<const UniqueFd> fd_;
  mutable std::uint64_t cutAt_ = UINT64_MAX;
  mutable bool readAhead_ = false;
  mutable std::unique_ptr<std::array<Window, 4>> windows_;
};

/// Bytes of a segment file on their way to a socket. The pin keeps them readable at this position while the region lives, although
/// the log may have deleted, renamed or closed the segment meanwhile. `position + sizeBytes` never exceeds what was in the file
/// when the region was made. Truncation takes them away: other bytes may take their place, and nobody may send these.
struct FileRegion {
  std::shared_ptr<const PinnedFile> file;
  std::uint64_t position = 0;
  std::uint64_t sizeBytes = 0;
  std::uint32_t account = 0;  ///< of its topic, for counting what is sent; 0: of none

  /// Whether all of it is still what it was made of.
  [[nodiscard]] bool whole() const noexcept { return position + sizeBytes <= file->cutAt(); }
};

}  // namespace millrace
