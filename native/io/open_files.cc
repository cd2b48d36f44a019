#include "open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "file.h"

namespace millrace {
namespace {

constexpr std::size_t kDrawn = 16;
/// More than one when others opened beyond the bound meanwhile, or when files have to be synced first.
constexpr std::size_t kMostAtOnce = 8;

}  // namespace

std::size_t OpenFiles::mostByLimit() noexcept {
  constexpr std::size_t kUnlimited = 1 << 20;
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  return std::min<std::size_t>(limit.rlim_cur / 3 * 2, kUnlimited);
}

void OpenFiles::makeRoom() {
  if (!onLoop()) return;
  for (std::size_t i = 0; i < kMostAtOnce; ++i) {
    {
      const std::lock_guard lock(mutex_);
      if (files_.size() < most_) return;
    }
    if (!closeOne()) return;
  }
}

const File* OpenFiles::draw() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return files_[random_ % files_.size()];
}

bool OpenFiles::closeOne() {
  const File* oldest = nullptr;
  const File* unsynced = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (files_.empty()) return false;
    for (std::size_t i = 0; i < kDrawn; ++i) {
      const File* const file = draw();
      if (file->closable()) {
        if (oldest == nullptr || uses_ - file->lastUse() > uses_ - oldest->lastUse()) oldest = file;
      } else if (file->unsynced()) {
        unsynced = file;
      }
    }
    if (oldest != nullptr) ++statistics_.closed;
  }
  if (oldest != nullptr) oldest->closeForNow();
  // It can be closed once its log is synced.
  else if (unsynced != nullptr) unsynced->askForSync();
  return oldest != nullptr || unsynced != nullptr;
}

std::size_t OpenFiles::shed(std::size_t count) {
  if (!onLoop()) return 0;
  std::vector<const File*> chosen;
  {
    const std::lock_guard lock(mutex_);
    for (const File* const file : files_) {
      if (file->closable()) chosen.push_back(file);
    }
    const auto longerUnused = [this](const File* a, const File* b) { return uses_ - a->lastUse() > uses_ - b->lastUse(); };
    if (chosen.size() > count) {
      std::nth_element(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(count), chosen.end(), longerUnused);
      chosen.resize(count);
    }
    statistics_.closed += chosen.size();
  }
  for (const File* const file : chosen) file->closeForNow();
  return chosen.size();
}

void OpenFiles::add(const File& file) {
  const std::lock_guard lock(mutex_);
  if (file.place_ != File::kNowhere) return;
  file.place_ = files_.size();
  files_.push_back(&file);
  ++statistics_.opened;
}

void OpenFiles::remove(const File& file) {
  const std::lock_guard lock(mutex_);
  if (file.place_ == File::kNowhere) return;
  files_[file.place_] = files_.back();
  files_[file.place_]->place_ = file.place_;
  files_.pop_back();
  file.place_ = File::kNowhere;
}

OpenFiles::Statistics OpenFiles::statistics() {
  const std::lock_guard lock(mutex_);
  Statistics now = statistics_;
  now.open = files_.size();
  return now;
}

}  // namespace millrace
