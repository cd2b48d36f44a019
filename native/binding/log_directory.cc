#include <atomic>
#include <cstdio>

#include "../io/copy_file.h"
#include "../io/mount_file_system.h"
#include "../log/side_files.h"
#include "addon_data.h"
#include "convert.h"
#include "log_binding.h"

namespace millrace {

/// Opens and recovers one log on a thread, then hands it to a new NativeLog on the loop. Made and destroyed on the loop thread.
class OpenLogTask {
 public:
  /// `topicId`: the log is another topic's when it says so, and is not touched then; empty: whoever's.
  OpenLogTask(Napi::Env env, std::shared_ptr<DirectoryState> directory, Napi::Function constructor, std::string name, std::string topicId, LogOptions options)
      : directory_(std::move(directory)),
        constructor_(Napi::Persistent(constructor)),
        name_(std::move(name)),
        path_(directory_->path + "/" + name_),
        topicId_(std::move(topicId)),
        options_(options),
        id_(directory_->nextLogId++),
        deferred_(Napi::Promise::Deferred::New(env)) {
    progress_.all = &directory_->progress;
    options_.progress = &progress_;
  }

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// On the loop. One that has begun ends with kClosed soon. True: it had not, and never will; it is settled.
  bool cancel(Napi::Env env) {
    progress_.cancelled = true;
    if (begun_.exchange(true)) return false;
    deferred_.Reject(toJs(env, cancelledError()).Value());
    settled_ = true;
    return true;
  }

  /// On any thread.
  void run() {
    if (begun_.exchange(true)) return;
    if (progress_.isCancelled()) {
      failure_ = std::make_unique<Error>(cancelledError());
      return;
    }
    if (!topicId_.empty()) {
      const std::string owner = readTopicId(*directory_->fs, path_);
      if (!owner.empty() && owner != topicId_) {
        failure_ = std::make_unique<Error>(Error{Error::Kind::kOtherOwner, "open", path_, 0, owner});
        return;
      }
    }
    auto opened = Log::open(*directory_->fs, path_, id_, options_, report_);
    if (opened.ok()) {
      log_ = std::move(opened.value());
      sideFiles_ = readSideFiles(*directory_->fs, path_);
    } else {
      failure_ = std::make_unique<Error>(std::move(opened.error()));
    }
  }

  /// On the loop.
  void settle(Napi::Env env) {
    if (settled_) return;
    Napi::HandleScope scope(env);
    if (failure_ != nullptr) {
      deferred_.Reject(toJs(env, *failure_).Value());
      return;
    }
    auto given = std::make_unique<std::pair<std::shared_ptr<DirectoryState>, std::unique_ptr<Log>>>(directory_, std::move(log_));
    auto external = Napi::External<void>::New(env, given.release());
    Napi::Object log = constructor_.New({external});
    log.Set("truncatedBytes", static_cast<double>(report_.truncatedBytes));
    log.Set("truncatedAtOffset", static_cast<double>(report_.truncatedAtOffset));
    log.Set("quarantinedBytes", static_cast<double>(report_.quarantinedBytes));
    log.Set("indexesRebuilt", report_.indexesRebuilt);
    log.Set("transactionsLostFrom", static_cast<double>(report_.transactionsLostFrom));
    Napi::Array sideFiles = Napi::Array::New(env, sideFiles_.size() * 2);
    for (std::uint32_t i = 0; i < sideFiles_.size(); ++i) {
      const auto& [name, bytes] = sideFiles_[i];
      sideFiles.Set(2 * i, name);
      if (bytes.has_value()) sideFiles.Set(2 * i + 1, Napi::Buffer<std::uint8_t>::Copy(env, bytes->data(), bytes->size()));
    }
    log.Set("sideFiles", sideFiles);
    deferred_.Resolve(log);
  }

 private:
  [[nodiscard]] Error cancelledError() const { return {Error::Kind::kClosed, "open", path_, 0, "it is not wanted any more"}; }

  std::shared_ptr<DirectoryState> directory_;
  Napi::FunctionReference constructor_;
  std::string name_;
  std::string path_;
  std::string topicId_;
  LogOptions options_;
  LoadProgress progress_;
  std::atomic<bool> begun_ = false;
  bool settled_ = false;
  std::uint32_t id_;
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Error> failure_;
  RecoveryReport report_;
  std::vector<SideFile> sideFiles_;
};

namespace {

/// A log that is opened on libuv's pool: one that is new, or when there are no threads to be had.
class OpenLogWork : public Napi::AsyncWorker {
 public:
  OpenLogWork(Napi::Env env, std::unique_ptr<OpenLogTask> task) : Napi::AsyncWorker(env), task_(std::move(task)) {}
  void Execute() override { task_->run(); }
  void OnOK() override { task_->settle(Env()); }

 private:
  std::unique_ptr<OpenLogTask> task_;
};

/// What recovery may have to walk of each log.
class BytesToCheckWork : public Napi::AsyncWorker {
 public:
  BytesToCheckWork(Napi::Env env, std::shared_ptr<DirectoryState> directory, std::vector<std::pair<std::string, std::int64_t>> logs)
      : Napi::AsyncWorker(env), directory_(std::move(directory)), logs_(std::move(logs)), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override {
    for (const auto& [path, recoveryPoint] : logs_) bytes_.push_back(bytesToCheck(*directory_->fs, path, recoveryPoint));
  }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    Napi::Float64Array out = Napi::Float64Array::New(Env(), bytes_.size());
    for (std::size_t i = 0; i < bytes_.size(); ++i) out[i] = static_cast<double>(bytes_[i]);
    deferred_.Resolve(out);
  }

 private:
  std::shared_ptr<DirectoryState> directory_;
  std::vector<std::pair<std::string, std::int64_t>> logs_;
  std::vector<std::uint64_t> bytes_;
  Napi::Promise::Deferred deferred_;
};

/// Renames a directory of a closed log on a worker thread, and syncs where it is.
class RenameWork : public Napi::AsyncWorker {
 public:
  RenameWork(Napi::Env env, std::string directory, std::string from, std::string to)
      : Napi::AsyncWorker(env), directory_(std::move(directory)), from_(directory_ + "/" + from), to_(directory_ + "/" + to), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    FileSystem& fs = posixFileSystem();
    if (fs.rename(from_.c_str(), to_.c_str()) != 0) failure_ = std::make_unique<Error>(systemError("rename", from_, errno));
    else if (fs.syncDirectory(directory_.c_str()) != 0) failure_ = std::make_unique<Error>(systemError("fsync", directory_, errno));
  }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (failure_ != nullptr) deferred_.Reject(toJs(Env(), *failure_).Value());
    else deferred_.Resolve(Env().Undefined());
  }

 private:
  std::string directory_;
  std::string from_;
  std::string to_;
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<Error> failure_;
};

/// Copies bytes of one file into another on a worker thread.
class CopyWork : public Napi::AsyncWorker {
 public:
  CopyWork(Napi::Env env, std::string from, std::string to, std::int64_t position, std::int64_t sizeBytes)
      : Napi::AsyncWorker(env),
        from_(std::move(from)),
        to_(std::move(to)),
        position_(position),
        sizeBytes_(sizeBytes),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    auto copied = copyFileRange(posixFileSystem(), from_, to_, position_, sizeBytes_);
    if (copied.ok()) copied_ = copied.value();
    else failure_ = std::make_unique<Error>(std::move(copied.error()));
  }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (failure_ != nullptr) deferred_.Reject(toJs(Env(), *failure_).Value());
    else deferred_.Resolve(Napi::Number::New(Env(), static_cast<double>(copied_)));
  }

 private:
  std::string from_;
  std::string to_;
  std::int64_t position_;
  std::int64_t sizeBytes_;
  std::int64_t copied_ = 0;
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<Error> failure_;
};

}  // namespace

Napi::Function NativeDirectory::define(Napi::Env env) {
  return DefineClass(env, "NativeDirectory",
                     {InstanceMethod<&NativeDirectory::openLog>("openLog"), InstanceMethod<&NativeDirectory::setLoadingThreads>("setLoadingThreads"),
                      InstanceMethod<&NativeDirectory::cancelLoading>("cancelLoading"), InstanceMethod<&NativeDirectory::cancelLoad>("cancelLoad"), InstanceMethod<&NativeDirectory::checkedBytes>("checkedBytes"),
                      InstanceMethod<&NativeDirectory::bytesToCheck>("bytesToCheck"), InstanceMethod<&NativeDirectory::rename>("rename"),
                      InstanceMethod<&NativeDirectory::removeMarked>("removeMarked"), InstanceMethod<&NativeDirectory::unlinkFiles>("unlinkFiles"),
                      InstanceMethod<&NativeDirectory::copyFile>("copyFile"), InstanceMethod<&NativeDirectory::drain>("drain"), InstanceMethod<&NativeDirectory::statistics>("statistics"),
                      InstanceMethod<&NativeDirectory::close>("close")});
}

NativeDirectory::NativeDirectory(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeDirectory>(info), state_(std::make_shared<DirectoryState>()) {
  Napi::Env env = info.Env();
  state_->path = info[0].As<Napi::String>().Utf8Value();
  if (info[2].ToBoolean().Value()) state_->fs = &mountFileSystem();
  if (posixFileSystem().mkdir(state_->path.c_str(), 0755) != 0 && errno != EEXIST) {
    toJs(env, systemError("mkdir", state_->path, errno)).ThrowAsJavaScriptException();
    return;
  }
  auto lock = DirectoryLock::take(posixFileSystem(), state_->path);
  if (!lock.ok()) {
    toJs(env, lock.error()).ThrowAsJavaScriptException();
    return;
  }
  state_->lock = std::make_unique<DirectoryLock>(std::move(lock.value()));
  state_->wake = Napi::ThreadSafeFunction::New(env, info[1].As<Napi::Function>(), "millrace flush", 0, 1);
  // The flusher only wakes the loop; the callback then drains. It must not touch the state, which owns the flusher.
  state_->flusher = std::make_unique<Flusher>([wake = state_->wake]() mutable { (void)wake.NonBlockingCall(); });
  // Hooks run in the order opposite to that of their registration: the thread ends before what it wakes does.
  napi_add_env_cleanup_hook(env, environmentEnds, state_.get());
}

/// A worker thread is terminated, or the process ends by itself. Node takes `wake` away.
void NativeDirectory::environmentEnds(void* given) {
  auto* const state = static_cast<DirectoryState*>(given);
  state->closed = true;
  endThreads(*state);
  state->lock.reset();
}

void NativeDirectory::endThreads(DirectoryState& state) {
  state.progress.cancelled = true;
  state.loadingThreads.reset();
  state.flusher.reset();
  state.loaded.clear();
  for (OpenLogTask* const task : std::exchange(state.loading, {})) delete task;
}

void NativeDirectory::settleLoaded(Napi::Env env, DirectoryState& state) {
  std::vector<OpenLogTask*> done;
  {
    const std::lock_guard lock(state.loadedMutex);
    done.swap(state.loaded);
  }
  for (OpenLogTask* const each : done) {
    const std::unique_ptr<OpenLogTask> task(each);
    state.loading.erase(each);
    task->settle(env);
  }
}

void NativeDirectory::release(napi_env env) {
  if (state_->closed || state_->flusher == nullptr) return;
  state_->closed = true;
  napi_remove_env_cleanup_hook(env, environmentEnds, state_.get());
  endThreads(*state_);
  (void)state_->wake.Release();
}

void NativeDirectory::Finalize(Napi::BasicEnv env) {
  if (state_ != nullptr) release(env);
}

Napi::Value NativeDirectory::openLog(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  LogOptions options;
  options.segmentBytes = info[2].As<Napi::Number>().Int64Value();
  options.indexIntervalBytes = info[3].As<Napi::Number>().Int64Value();
  options.segmentIndexBytes = info[4].As<Napi::Number>().Int64Value();
  options.recoveryPoint = info[5].As<Napi::Number>().Int64Value();
  options.logStartOffset = info[6].As<Napi::Number>().Int64Value();
  options.cleanShutdown = info[7].As<Napi::Boolean>().Value();
  options.gapsBelow = info[8].As<Napi::Number>().Int64Value();
  options.preallocate = info[9].As<Napi::Boolean>().Value();
  const bool loads = info[10].As<Napi::Boolean>().Value();
  std::string topicId = info[11].IsString() ? info[11].As<Napi::String>().Utf8Value() : std::string();
  auto task = std::make_unique<OpenLogTask>(env, state_, info[0].As<Napi::Function>(), info[1].As<Napi::String>().Utf8Value(), std::move(topicId), options);
  const Napi::Promise promise = task->promise();
  if (loads && state_->loadingThreads != nullptr) {
    OpenLogTask* const loading = task.get();
    const auto run = [state = state_.get(), loading, wake = state_->wake]() mutable {
      loading->run();
      {
        const std::lock_guard lock(state->loadedMutex);
        state->loaded.push_back(loading);
      }
      (void)wake.NonBlockingCall();
    };
    if (state_->loadingThreads->submit(run)) {
      state_->loading.insert(task.release());
      return promise;
    }
  }
  (new OpenLogWork(env, std::move(task)))->Queue();  // deletes itself when done
  return promise;
}

Napi::Value NativeDirectory::setLoadingThreads(const Napi::CallbackInfo& info) {
  if (state_->loadingThreads != nullptr) state_->loadingThreads->setMost(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value NativeDirectory::cancelLoading(const Napi::CallbackInfo& info) {
  state_->progress.cancelled = true;
  return info.Env().Undefined();
}

/// cancelLoad(name): of one log that `openLog` was asked to load.
Napi::Value NativeDirectory::cancelLoad(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  for (OpenLogTask* const task : state_->loading)
    if (task->name() == name) (void)task->cancel(info.Env());
  return info.Env().Undefined();
}

Napi::Value NativeDirectory::checkedBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(state_->progress.checkedBytes.load()));
}

/// bytesToCheck(names, recoveryPoints) → Promise<Float64Array>
Napi::Value NativeDirectory::bytesToCheck(const Napi::CallbackInfo& info) {
  const auto names = info[0].As<Napi::Array>();
  const auto points = info[1].As<Napi::Float64Array>();
  std::vector<std::pair<std::string, std::int64_t>> logs;
  for (std::uint32_t i = 0; i < names.Length() && i < points.ElementLength(); ++i)
    logs.emplace_back(state_->path + "/" + names.Get(i).As<Napi::String>().Utf8Value(), wholeOf(points[i]));
  auto* work = new BytesToCheckWork(info.Env(), state_, std::move(logs));
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

/// rename(from, to): names in this directory, which is synced.
Napi::Value NativeDirectory::rename(const Napi::CallbackInfo& info) {
  auto* work = new RenameWork(info.Env(), state_->path, info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

Napi::Value NativeDirectory::removeMarked(const Napi::CallbackInfo& info) {
  return state_->removals->remove(info.Env(), {state_->path + "/" + info[0].As<Napi::String>().Utf8Value()}, state_->path);
}

Napi::Value NativeDirectory::unlinkFiles(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  std::vector<std::string> paths;
  for (std::uint32_t i = 0; i < list.Length(); ++i) paths.push_back(list.Get(i).As<Napi::String>().Utf8Value());
  const std::string directory = paths.empty() ? state_->path : paths.front().substr(0, paths.front().find_last_of('/'));
  return state_->removals->remove(info.Env(), std::move(paths), directory);
}

/// copyFile(from, to, position, sizeBytes) → bytes copied
Napi::Value NativeDirectory::copyFile(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto* work = new CopyWork(env, info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value(), int64Of(env, info[2]), int64Of(env, info[3]));
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

/// Applies finished flushes to their logs. Returns `[logId, logId, ...]`; throws the failure that ended flushing, once.
Napi::Value NativeDirectory::drain(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  settleLoaded(env, *state_);
  if (state_->flusher == nullptr) return Napi::Array::New(env, 0);
  if (state_->flusher->takeShortOfDescriptors()) (void)addonData(env).openFiles->shed(64);
  const auto results = state_->flusher->drain();
  Napi::Array ids = Napi::Array::New(env, results.size());
  std::uint32_t count = 0;
  for (const FlushResult& result : results) {
    const auto found = state_->logs.find(result.logId);
    if (found == state_->logs.end()) continue;
    found->second->flushed(result.flushedOffset);
    ids.Set(count++, Napi::Number::New(env, result.logId));
  }
  Error failure;
  if (state_->flusher->takeFailure(failure)) {
    Napi::Error error = toJs(env, failure);
    error.Set("flushed", ids);
    error.ThrowAsJavaScriptException();
  }
  return ids;
}

Napi::Value NativeDirectory::statistics(const Napi::CallbackInfo& info) {
  const Flusher::Statistics statistics = state_->flusher == nullptr ? Flusher::Statistics{} : state_->flusher->statistics();
  std::vector<double> values{static_cast<double>(statistics.flushes), static_cast<double>(statistics.requests), static_cast<double>(statistics.totalUs)};
  for (const Distribution* distribution : {&statistics.groupRequests, &statistics.groupBytes, &statistics.syncUs}) {
    values.push_back(static_cast<double>(distribution->sum));
    for (const std::uint64_t count : distribution->counts) values.push_back(static_cast<double>(count));
  }
  Napi::Float64Array out = Napi::Float64Array::New(info.Env(), values.size());
  std::copy(values.begin(), values.end(), out.Data());
  return out;
}

Napi::Value NativeDirectory::close(const Napi::CallbackInfo& info) {
  release(info.Env());
  state_->lock.reset();
  return info.Env().Undefined();
}

}  // namespace millrace
