#include "flusher.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace millrace {
namespace {

std::uint64_t elapsedUs(std::chrono::steady_clock::time_point since) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - since).count());
}

/// Between two attempts to get a descriptor.
constexpr auto kDescriptorWait = std::chrono::milliseconds(20);

/// A file that is gone meanwhile (deleted, compacted away) needs no sync.
Status syncNamed(FlushWork& work, const std::string& name) {
  const UniqueFd fd(work.folder->open(*work.fs, name, O_RDONLY, 0));
  if (!fd.valid()) return errno == ENOENT ? Status(Done{}) : systemError("open", work.folder->pathOf(name), errno);
  if (work.fs->fdatasync(fd.get()) != 0) return systemError("fdatasync", work.folder->pathOf(name), errno);
  return Done{};
}

/// A deleted log's directory may have any name by now, and another log its old one: what is not found there is not missed.
bool goneWithLog(FlushWork& work, const Error& error) {
  const std::lock_guard lock(work.mutex);
  return work.abandoned && (error.code == ENOENT || (error.operation == "open" && error.kind == Error::Kind::kIo));
}

/// A sync that failed for want of room has lost data like any other: not the kind of error after which one goes on.
Error finalError(Error error) {
  if (error.kind == Error::Kind::kNoDescriptors) return error;
  error.kind = Error::Kind::kIo;
  return error;
}

}  // namespace

void restore(FlushWork& work, const std::vector<std::shared_ptr<File>>& files, const std::vector<std::string>& names, bool directory) {
  const std::lock_guard lock(work.mutex);
  if (work.abandoned) return;
  std::erase_if(work.dirty, [&](const auto& file) { return std::find(files.begin(), files.end(), file) != files.end(); });
  work.dirty.insert(work.dirty.begin(), files.begin(), files.end());
  work.dirtyNames.insert(work.dirtyNames.begin(), names.begin(), names.end());
  work.directoryDirty = work.directoryDirty || directory;
}

Flusher::Flusher(std::function<void()> notify) : notify_(std::move(notify)), thread_([this] { run(); }) {}

Flusher::~Flusher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Flusher::request(const std::shared_ptr<FlushWork>& work, std::uint32_t requests) {
  {
    const std::lock_guard lock(work->mutex);
    work->requests += requests;
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
  std::vector<std::string> names;
  std::int64_t endOffset = 0;
  bool directory = false;
  {
    // What is appended after this point belongs to the next round: the offset is taken before the sync begins.
    const std::lock_guard lock(work.mutex);
    files.swap(work.dirty);
    names.swap(work.dirtyNames);
    endOffset = work.endOffset;
    directory = std::exchange(work.directoryDirty, false);
    work.queued = false;
    const std::uint32_t requests = std::exchange(work.requests, 0);
    const std::uint64_t bytes = work.appendedBytes - std::exchange(work.begunBytes, work.appendedBytes);
    if (group != nullptr) *group = {requests, bytes, {}};
  }
  const auto failed = [&](const Status& status) { return !status.ok() && !goneWithLog(work, status.error()); };
  for (const auto& file : files) {
    const auto begun = std::chrono::steady_clock::now();
    if (auto status = file->sync(); failed(status)) {
      if (status.error().kind == Error::Kind::kNoDescriptors) restore(work, files, names, directory);
      return finalError(status.error());
    }
    if (group != nullptr) group->syncUs.push_back(elapsedUs(begun));
  }
  for (const std::string& name : names) {
    if (auto status = syncNamed(work, name); failed(status)) {
      if (status.error().kind == Error::Kind::kNoDescriptors) restore(work, {}, names, directory);
      return finalError(status.error());
    }
  }
  if (directory) {
    if (auto status = work.folder->sync(*work.fs); failed(status)) {
      if (status.error().kind == Error::Kind::kNoDescriptors) restore(work, {}, {}, true);
      return finalError(status.error());
    }
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
      countedUntil_ = std::chrono::steady_clock::now();
    }
    if (round.size() < kManyLogs) {
      for (const auto& work : round) syncAndReport(work);
    } else {
      helpers_.forEach(round.size(), [&](std::size_t index) { syncAndReport(round[index]); });
    }
    round.clear();
    bool failed = false;
    {
      const std::lock_guard lock(mutex_);
      failed = failed_;
    }
    // Who asked after the failure finds no result and must look for it.
    if (failed) notify_();
  }
}

/// A log is in a round once and rounds do not overlap: its files are synced by one thread at a time.
void Flusher::syncAndReport(const std::shared_ptr<FlushWork>& work) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
  }
  FlushGroup group;
  auto result = syncNow(*work, &group);
  if (!result.ok() && result.error().kind == Error::Kind::kNoDescriptors) {
    // The loop hears of it and gives some up.
    shortOfDescriptors_.store(true, std::memory_order_relaxed);
    notify_();
    std::this_thread::sleep_for(kDescriptorWait);
    if (!stopping()) request(work, group.requests);
    return;
  }
  bool tells = false;
  {
    const std::lock_guard lock(mutex_);
    count(group);
    // Results from before a failure hold; after it nothing is acknowledged any more.
    if (failed_) return;
    if (result.ok()) {
      // Results that are there already have woken the loop.
      tells = results_.empty();
      results_.push_back({work->logId, result.value()});
    } else {
      tells = true;
      failed_ = true;
      failure_ = std::make_unique<Error>(std::move(result.error()));
    }
  }
  if (tells) notify_();
}

/// With the mutex held.
void Flusher::count(const FlushGroup& group) {
  const std::uint64_t us = elapsedUs(countedUntil_);
  statistics_.totalUs += us;
  countedUntil_ += std::chrono::microseconds(us);
  statistics_.requests += group.requests;
  statistics_.flushes += group.syncUs.size();
  for (const std::uint64_t each : group.syncUs) statistics_.syncUs.record(each);
  if (group.syncUs.empty()) return;  // failed, or there was nothing left to do
  statistics_.groupRequests.record(group.requests);
  statistics_.groupBytes.record(group.bytes);
}

bool Flusher::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::vector<FlushResult> Flusher::drain() {
  std::vector<FlushResult> results;
  const std::lock_guard lock(mutex_);
  results.swap(results_);
  return results;
}

bool Flusher::takeFailure(Error& into) {
  const std::lock_guard lock(mutex_);
  if (failure_ == nullptr || !results_.empty()) return false;
  into = std::move(*failure_);
  failure_.reset();
  return true;
}

Flusher::Statistics Flusher::statistics() {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

}  // namespace millrace
