#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "file_region.h"

namespace millrace {

/// A window of a file in this process's memory: read-only and private, so that the kernel does not look for writers of it. It may
/// reach beyond the file's end, where nobody may look.
class FileWindow {
 public:
  static constexpr std::size_t kBytes = 1024 * 1024;

  /// Null when it cannot be mapped.
  [[nodiscard]] static std::shared_ptr<FileWindow> map(int fd, std::uint64_t number);
  ~FileWindow() { drop(); }
  FileWindow(const FileWindow&) = delete;
  FileWindow& operator=(const FileWindow&) = delete;

  void drop() noexcept;
  [[nodiscard]] bool mapped() const noexcept { return start_ != nullptr; }
  /// Null when one of the bytes would have to be brought in from the medium. What is mapped and read is given up last, but it is given up:
  /// a block that was in memory is looked at again in another second.
  [[nodiscard]] const std::uint8_t* at(std::size_t from, std::size_t size, std::int64_t nowSecond) noexcept;
  /// In which it was touched last.
  [[nodiscard]] std::uint32_t round() const noexcept { return round_; }
  void touch(std::uint32_t round) noexcept { round_ = round; }

 private:
  static constexpr std::size_t kBlockBytes = 64 * 1024;

  explicit FileWindow(std::uint8_t* start) noexcept : start_(start) {}

  std::uint8_t* start_;
  std::uint32_t residentBlocks_ = 0;  ///< a bit for each
  std::int64_t lookedAtSecond_ = 0;
  std::uint32_t round_ = 0;
};

/// Bytes of files that are read more than once, where they are in the page cache: they go to a socket with one copy and one call
/// instead of two. A window is mapped when it is asked for the second time, and given up with its file or when there are too many.
/// Never waits for the medium. Loop thread only; a file's last holder may let go of it on any thread.
class FileViews {
 public:
  static constexpr std::size_t kWindows = 32;

  /// What `view` gave before may be given up from here on.
  void nextRound() noexcept { nextRound(coarseSecond()); }
  void nextRound(std::int64_t nowSecond) noexcept {
    ++round_;
    nowSecond_ = nowSecond;
  }
  /// The bytes, until `nextRound`. Null when they are to be read in another way. Reading them fails (EFAULT in a system call) when the
  /// file was cut by somebody else.
  [[nodiscard]] const std::uint8_t* view(const PinnedFile& file, std::uint64_t position, std::size_t size);
  /// The same, of a window that is mapped already; null for any other, which does not count as asked for.
  [[nodiscard]] const std::uint8_t* mapped(const PinnedFile& file, std::uint64_t position, std::size_t size);

 private:
  [[nodiscard]] static std::int64_t coarseSecond() noexcept;
  [[nodiscard]] std::shared_ptr<FileWindow> map(int fd, std::uint64_t number);

  std::array<std::weak_ptr<FileWindow>, kWindows> windows_;
  std::size_t next_ = 0;
  std::uint32_t round_ = 1;
  std::int64_t nowSecond_ = 0;
};

}  // namespace millrace
