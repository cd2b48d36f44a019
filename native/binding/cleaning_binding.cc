#include "cleaning_binding.h"

#include "convert.h"
#include "log_binding.h"

namespace millrace {
namespace {

/// One step on a worker thread, then the log's part on the loop. Resolves to 0 (goes on), 1 (done) or 2 (cancelled).
class StepWork : public Napi::AsyncWorker {
 public:
  StepWork(Napi::Env env, std::shared_ptr<CleaningJob> job, Napi::Object log, std::int64_t budgetBytes)
      : Napi::AsyncWorker(env), job_(std::move(job)), log_(Napi::Persistent(log)), budgetBytes_(budgetBytes), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override { status_ = job_->run(budgetBytes_); }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    NativeLog* const wrapper = NativeLog::Unwrap(log_.Value());
    Log* const log = wrapper->log();
    auto state = Log::Cleaning::kCancelled;
    if (log != nullptr && !log->outlived(*job_)) {
      if (!status_.ok()) {
        deferred_.Reject(toJs(Env(), status_.error()).Value());
        return;
      }
      state = log->continueCleaning(*job_);
      wrapper->writeOffsets();
    }
    deferred_.Resolve(Napi::Number::New(Env(), static_cast<int>(state)));
  }

 private:
  std::shared_ptr<CleaningJob> job_;
  Napi::ObjectReference log_;
  std::int64_t budgetBytes_;
  Napi::Promise::Deferred deferred_;
  Status status_ = Done{};
};

class AbandonWork : public Napi::AsyncWorker {
 public:
  AbandonWork(Napi::Env env, std::shared_ptr<CleaningJob> job) : Napi::AsyncWorker(env), job_(std::move(job)), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override { job_->abandon(); }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    deferred_.Resolve(Env().Undefined());
  }

 private:
  std::shared_ptr<CleaningJob> job_;
  Napi::Promise::Deferred deferred_;
};

}  // namespace

CleaningOptions cleaningOptionsOf(const double* numbers, const double* producers, std::size_t producerCount) {
  CleaningOptions options;
  options.firstDirtyOffset = static_cast<std::int64_t>(numbers[0]);
  options.endOffset = static_cast<std::int64_t>(numbers[1]);
  options.nowMs = static_cast<std::int64_t>(numbers[2]);
  options.deleteRetentionMs = static_cast<std::int64_t>(numbers[3]);
  options.segmentBytes = static_cast<std::int64_t>(numbers[4]);
  options.segmentIndexBytes = static_cast<std::int64_t>(numbers[5]);
  options.indexIntervalBytes = static_cast<std::int64_t>(numbers[6]);
  options.mapBytes = static_cast<std::int64_t>(numbers[7]);
  options.mapLoadFactor = numbers[8];
  options.ioBufferBytes = static_cast<std::int64_t>(numbers[9]);
  for (std::size_t i = 0; i < producerCount; ++i)
    options.producers.push_back({static_cast<std::int64_t>(producers[3 * i]), static_cast<std::int64_t>(producers[3 * i + 1]), static_cast<std::int16_t>(producers[3 * i + 2])});
  return options;
}

Napi::Function NativeCleaning::define(Napi::Env env) {
  return DefineClass(env, "NativeCleaning",
                     {InstanceMethod<&NativeCleaning::run>("run"), InstanceMethod<&NativeCleaning::abandon>("abandon"),
                      InstanceMethod<&NativeCleaning::statistics>("statistics")});
}

NativeCleaning::NativeCleaning(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeCleaning>(info) {
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "rounds of cleaning are begun by a log").ThrowAsJavaScriptException();
    return;
  }
  job_.reset(static_cast<CleaningJob*>(info[0].As<Napi::External<void>>().Data()));
  log_ = Napi::Persistent(info[1].As<Napi::Object>());
}

Napi::Value NativeCleaning::run(const Napi::CallbackInfo& info) {
  auto* work = new StepWork(info.Env(), job_, log_.Value(), int64Of(info.Env(), info[0]));
  const Napi::Promise promise = work->promise();
  work->Queue();  // deletes itself when done
  return promise;
}

Napi::Value NativeCleaning::abandon(const Napi::CallbackInfo& info) {
  auto* work = new AbandonWork(info.Env(), job_);
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

/// CleaningStatistics in order, then the offset the log is clean up to.
Napi::Value NativeCleaning::statistics(const Napi::CallbackInfo& info) {
  const CleaningStatistics& counted = job_->statistics();
  Napi::Float64Array values = Napi::Float64Array::New(info.Env(), 9);
  double* const out = values.Data();
  out[0] = static_cast<double>(counted.bytesRead);
  out[1] = static_cast<double>(counted.bytesWritten);
  out[2] = static_cast<double>(counted.mapBytesRead);
  out[3] = static_cast<double>(counted.recordsRead);
  out[4] = static_cast<double>(counted.recordsKept);
  out[5] = static_cast<double>(counted.segmentsBefore);
  out[6] = static_cast<double>(counted.segmentsAfter);
  out[7] = counted.mapUtilization;
  out[8] = static_cast<double>(job_->cleanedOffset());
  return values;
}

}  // namespace millrace
