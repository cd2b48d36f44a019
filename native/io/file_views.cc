#include "file_views.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace millrace {
namespace {

constexpr std::size_t kLeastPageBytes = 4096;

/// Of a file that is neither ours nor writable for us mincore says that all of it is in memory.
bool isAnsweredFor(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (info.st_uid == ::geteuid() || ::geteuid() == 0);
}

}  // namespace

std::shared_ptr<FileWindow> FileWindow::map(int fd, std::uint64_t number) {
  void* const start = ::mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(number * kBytes));
  if (start == MAP_FAILED) return nullptr;
  return std::shared_ptr<FileWindow>(new FileWindow(static_cast<std::uint8_t*>(start)));
}

void FileWindow::drop() noexcept {
  if (start_ != nullptr) (void)::munmap(start_, kBytes);
  start_ = nullptr;
}

const std::uint8_t* FileWindow::at(std::size_t from, std::size_t size, std::int64_t nowSecond) noexcept {
  static const auto pageBytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (nowSecond != lookedAtSecond_) residentBlocks_ = 0;
  lookedAtSecond_ = nowSecond;
  const std::size_t end = from + size;
  for (std::size_t block = from / kBlockBytes; block * kBlockBytes < end; ++block) {
    if ((residentBlocks_ >> block & 1) != 0) continue;
    const std::size_t blockFrom = block * kBlockBytes;
    unsigned char resident[kBlockBytes / kLeastPageBytes];
    if (::mincore(start_ + blockFrom, kBlockBytes, resident) != 0) return nullptr;
    const std::size_t first = (std::max(blockFrom, from) - blockFrom) / pageBytes;
    const std::size_t last = (std::min(blockFrom + kBlockBytes, end) - blockFrom + pageBytes - 1) / pageBytes;
    const auto isResident = [](unsigned char page) { return (page & 1) != 0; };
    if (!std::all_of(resident + first, resident + last, isResident)) return nullptr;
    // Behind the file's end no page is: the block that it is in is looked at again and again.
    if (std::all_of(resident, resident + kBlockBytes / pageBytes, isResident)) residentBlocks_ |= 1u << block;
  }
  return start_ + from;
}

const std::uint8_t* FileViews::view(const PinnedFile& file, std::uint64_t position, std::size_t size) {
  const std::uint64_t number = position / FileWindow::kBytes;
  const std::size_t from = position % FileWindow::kBytes;
  if (size == 0 || from + size > FileWindow::kBytes) return nullptr;
  PinnedFile::Window& window = file.window(number);
  if (window.number != number) {
    // What was given of the other one in this round is still needed.
    if (window.view != nullptr && window.view->round() == round_) return nullptr;
    window.number = number;
    window.view.reset();
    return nullptr;
  }
  if (window.view == nullptr || !window.view->mapped()) window.view = map(file.get(), number);
  if (window.view == nullptr) return nullptr;
  window.view->touch(round_);
  return window.view->at(from, size, nowSecond_);
}

const std::uint8_t* FileViews::mapped(const PinnedFile& file, std::uint64_t position, std::size_t size) {
  const std::uint64_t number = position / FileWindow::kBytes;
  const PinnedFile::Window& window = file.window(number);
  const bool isThere = window.number == number && window.view != nullptr && window.view->mapped();
  return isThere ? view(file, position, size) : nullptr;
}

std::int64_t FileViews::coarseSecond() noexcept {
  struct timespec now {};
  (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

std::shared_ptr<FileWindow> FileViews::map(int fd, std::uint64_t number) {
  std::weak_ptr<FileWindow>& place = windows_[next_];
  if (const auto old = place.lock(); old != nullptr && old->mapped()) {
    if (old->round() == round_) return nullptr;
    old->drop();
  }
  if (!isAnsweredFor(fd)) return nullptr;
  auto window = FileWindow::map(fd, number);
  place = window;
  next_ = (next_ + 1) % kWindows;
  return window;
}

}  // namespace millrace
