#include "flusher.h"

#include <cerrno>
#include <chrono>

namespace millrace {

Flusher::Flusher(std::function<void()> notify) : notify_(std::move(notify)), thread_([this] { run(); }) {}

Flusher::~Flusher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Flusher::request(const std::shared_ptr<FlushWork>& work) {
  {
    const std::lock_guard lock(work->mutex);
    ++work->requests;
    if (work->queued) return;
    work->queued = true;
  }
  bool wasEmpty = false;
  {
    const std::lock_guard lock(mutex_);
    wasEmpty = queue_.empty();
    queue_.push_back(work);
  }
  if (wasEmpty) wake_.notify_one();
}

Result<std::int64_t> Flusher::syncNow(FlushWork& work, std::uint64_t* syncs, std::uint64_t* requests) {
  std::vector<std::shared_ptr<File>> files;
  std::int64_t endOffset = 0;
  bool directory = false;
  {
    // What is appended after this point belongs to the next round: the offset is taken before the sync begins.
    const std::lock_guard lock(work.mutex);
    files.swap(work.dirty);
    endOffset = work.endOffset;
    directory = std::exchange(work.directoryDirty, false);
    work.queued = false;
    if (requests != nullptr) *requests += work.requests;
    work.requests = 0;
  }
  for (const auto& file : files) {
    if (auto status = file->sync(); !status.ok()) return status.error();
    if (syncs != nullptr) ++*syncs;
  }
  if (directory && work.fs->syncDirectory(work.directory.c_str()) != 0) {
    const int error = errno;
    const std::lock_guard lock(work.mutex);
    // Deleted meanwhile: nobody waits for it, and the medium is not to blame.
    if (error != ENOENT || !work.abandoned) return systemError("fsync", work.directory, error);
  }
  return endOffset;
}

void Flusher::run() {
  std::vector<std::shared_ptr<FlushWork>> round;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      round.swap(queue_);
    }
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t syncs = 0;
    std::uint64_t requests = 0;
    std::vector<FlushResult> done;
    std::unique_ptr<Error> failure;
    for (const auto& work : round) {
      auto result = syncNow(*work, &syncs, &requests);
      if (!result.ok()) {
        failure = std::make_unique<Error>(std::move(result.error()));
        break;
      }
      done.push_back({work->logId, result.value()});
    }
    round.clear();
    {
      const std::lock_guard lock(mutex_);
      // Results from before a failure hold; after it nothing is acknowledged any more.
      if (!failed_) results_.insert(results_.end(), done.begin(), done.end());
      statistics_.flushes += syncs;
      statistics_.requests += requests;
      statistics_.totalUs += static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun).count());
      if (failure != nullptr && !failed_) {
        failed_ = true;
        failure_ = std::move(failure);
      }
    }
    notify_();
  }
}

std::vector<FlushResult> Flusher::drain() {
  std::vector<FlushResult> results;
  const std::lock_guard lock(mutex_);
  results.swap(results_);
  return results;
}

bool Flusher::takeFailure(Error& into) {
  const std::lock_guard lock(mutex_);
  if (failure_ == nullptr) return false;
  into = std::move(*failure_);
  failure_.reset();
  return true;
}

Flusher::Statistics Flusher::statistics() {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

}  // namespace millrace
