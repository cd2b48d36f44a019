#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>

#include "page_cache.h"

namespace millrace {

/// While one lives, reads of the real file system on its thread do not wait for the medium: where one would have to it fails with EAGAIN,
/// and `missed` says what. A file system that cannot tell (tmpfs, before Linux 5) reads as ever. The innermost one counts.
class ReadsAtOnce {
 public:
  struct Range {
    off_t position = 0;
    std::size_t sizeBytes = 0;
  };

  explicit ReadsAtOnce(PageCache& cache = kernelPageCache()) noexcept : cache_(cache), outer_(current_) { current_ = this; }
  ~ReadsAtOnce() { current_ = outer_; }
  ReadsAtOnce(const ReadsAtOnce&) = delete;
  ReadsAtOnce& operator=(const ReadsAtOnce&) = delete;

  /// Whether one lives on this thread.
  [[nodiscard]] static bool active() noexcept { return current_ != nullptr; }
  /// Of the last read that failed with EAGAIN.
  [[nodiscard]] const std::optional<Range>& missed() const noexcept { return missed_; }

  /// Inside it reads wait again: for what is rare and must be done in one go.
  class Pause {
   public:
    Pause() noexcept : paused_(current_) { current_ = nullptr; }
    ~Pause() { current_ = paused_; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    ReadsAtOnce* const paused_;
  };

 private:
  friend class FileSystem;
  [[nodiscard]] static ReadsAtOnce* current() noexcept { return current_; }
  ssize_t pread(int fd, void* into, std::size_t size, off_t position);

  static thread_local ReadsAtOnce* current_;
  PageCache& cache_;
  ReadsAtOnce* const outer_;
  std::optional<Range> missed_;
};

}  // namespace millrace
