#include "flusher.h"

#include <cerrno>
#include <chrono>

namespace millrace {
namespace {

std::uint64_t elapsedUs(std::chrono::steady_clock::time_point since) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - since).count());
}

}  // namespace

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

Result<std::int64_t> Flusher::syncNow(FlushWork& work, FlushGroup* group) {
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
    const std::uint32_t requests = std::exchange(work.requests, 0);
    const std::uint64_t bytes = work.appendedBytes - std::exchange(work.begunBytes, work.appendedBytes);
    if (group != nullptr) *group = {requests, bytes, {}};
  }
  for (const auto& file : files) {
    const auto begun = std::chrono::steady_clock::now();
    if (auto status = file->sync(); !status.ok()) return status.error();
    if (group != nullptr) group->syncUs.push_back(elapsedUs(begun));
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
    std::vector<FlushGroup> groups;
    std::vector<FlushResult> done;
    std::unique_ptr<Error> failure;
    for (const auto& work : round) {
      auto result = syncNow(*work, &groups.emplace_back());
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
      for (const FlushGroup& group : groups) {
        statistics_.requests += group.requests;
        statistics_.flushes += group.syncUs.size();
        for (const std::uint64_t us : group.syncUs) statistics_.syncUs.record(us);
        if (group.syncUs.empty()) continue;  // failed, or there was nothing left to do
        statistics_.groupRequests.record(group.requests);
        statistics_.groupBytes.record(group.bytes);
      }
      statistics_.totalUs += elapsedUs(begun);
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
