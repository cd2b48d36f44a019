#include "../log/batch_rebuild.h"

#include <memory>
#include <utility>

#include "addon_data.h"

namespace millrace {
namespace {

/// One batch on a worker thread. Owns a copy of it: the caller's memory is gone when the thread gets there.
class RebuildWork : public Napi::AsyncWorker {
 public:
  RebuildWork(Napi::Env env, ByteSpan batch, const RebuildOptions& options)
      : Napi::AsyncWorker(env), batch_(batch.data, batch.data + batch.size), options_(options), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    const BatchHeader header = BatchHeader::load(batch_.data());
    result_ = rebuildBatch(batch_.data(), header, options_);
    if (result_.status == RebuildStatus::kOk && result_.faults.empty() && result_.bytes.empty()) result_.bytes = std::move(batch_);
  }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    Napi::Object out = Napi::Object::New(Env());
    out.Set("status", static_cast<int>(result_.status));
    Napi::Float64Array faults = Napi::Float64Array::New(Env(), 3 * result_.faults.size());
    for (std::size_t i = 0; i < result_.faults.size(); ++i) {
      faults[3 * i] = result_.faults[i].index;
      faults[3 * i + 1] = static_cast<int>(result_.faults[i].kind);
      faults[3 * i + 2] = static_cast<double>(result_.faults[i].timestampMs);
    }
    out.Set("faults", faults);
    auto* const bytes = new std::vector<std::uint8_t>(std::move(result_.bytes));
    out.Set("bytes", Napi::Buffer<std::uint8_t>::NewOrCopy(
                         Env(), bytes->data(), bytes->size(), [](Napi::Env, std::uint8_t*, std::vector<std::uint8_t>* owner) { delete owner; }, bytes));
    deferred_.Resolve(out);
  }

 private:
  std::vector<std::uint8_t> batch_;
  RebuildOptions options_;
  Napi::Promise::Deferred deferred_;
  RebuiltBatch result_;
};

/// rebuildBatch(bytes, numbers) → Promise of {status, faults, bytes}. `numbers`: codec, level, keysNeeded, earliestMs, latestMs. `faults`
/// three numbers each: index, kind, timestamp.
Napi::Value rebuild(const Napi::CallbackInfo& info) {
  const ByteSpan batch = bytesOf(info.Env(), info[0]);
  const double* const numbers = doublesOf(info.Env(), info[1], 5);
  if (batch.size < batch::kHeaderBytes || numbers == nullptr || BatchHeader::load(batch.data).sizeBytes != static_cast<std::int64_t>(batch.size)) {
    toJs(info.Env(), Error{Error::Kind::kBadArguments, "rebuild", "batch", 0, "not exactly one batch"}).ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  RebuildOptions options;
  options.codec = static_cast<Codec>(static_cast<int>(numbers[0]));
  options.level = static_cast<int>(numbers[1]);
  options.keysNeeded = numbers[2] != 0;
  options.earliestMs = wholeOf(numbers[3]);
  options.latestMs = wholeOf(numbers[4]);
  auto* const work = new RebuildWork(info.Env(), batch, options);
  const Napi::Promise promise = work->promise();
  work->Queue();  // deletes itself when done
  return promise;
}

}  // namespace

void initRebuildBinding(Napi::Env env, Napi::Object exports) { exports.Set("rebuildBatch", Napi::Function::New(env, rebuild, "rebuildBatch")); }

}  // namespace millrace
