#include <algorithm>
#include <string>
#include <utility>

#include "../base/unique_fd.h"
#include "../io/file_system.h"
#include "../io/page_cache.h"
#include "addon_data.h"

namespace millrace {
namespace {

/// A worker thread brings a part of a file into memory, so that who missed it finds it there.
class LoadWork : public Napi::AsyncWorker {
 public:
  LoadWork(Napi::Env env, MissedRead missed) : Napi::AsyncWorker(env), missed_(std::move(missed)), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    const UniqueFd file(openUnnoticed(missed_.path.c_str()));
    if (file.valid()) kernelPageCache().load(file.get(), missed_.range.position, missed_.range.sizeBytes);
  }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    deferred_.Resolve(Env().Undefined());
  }

 private:
  MissedRead missed_;
  Napi::Promise::Deferred deferred_;
};

Napi::Value begin(const Napi::CallbackInfo& info) {
  addonData(info.Env()).readsAtOnce.emplace();
  return info.Env().Undefined();
}

Napi::Value end(const Napi::CallbackInfo& info) {
  AddonData& data = addonData(info.Env());
  if (data.readsAtOnce.has_value() && data.readsAtOnce->missed().has_value()) data.missed.range = *data.readsAtOnce->missed();
  data.readsAtOnce.reset();
  return info.Env().Undefined();
}

/// loadMissed(path | undefined, aheadBytes) → Promise: a thread reads what the last read that was not to wait missed, at least
/// `aheadBytes`. Never rejects: what cannot be read is for who reads it next. `path`: of the MUST_WAIT error; `readLog`, which throws
/// none, has said it.
Napi::Value loadMissed(const Napi::CallbackInfo& info) {
  MissedRead missed = std::exchange(addonData(info.Env()).missed, {});
  if (info[0].IsString()) missed.path = info[0].As<Napi::String>().Utf8Value();
  missed.range.sizeBytes = std::max(missed.range.sizeBytes, static_cast<std::size_t>(std::max<std::int64_t>(0, int64Of(info.Env(), info[1]))));
  auto* const work = new LoadWork(info.Env(), std::move(missed));
  const Napi::Promise promise = work->promise();
  work->Queue();  // deletes itself when done
  return promise;
}

}  // namespace

void initReadsAtOnceBinding(Napi::Env env, Napi::Object exports) {
  exports.Set("beginReadsAtOnce", Napi::Function::New(env, begin, "beginReadsAtOnce"));
  exports.Set("endReadsAtOnce", Napi::Function::New(env, end, "endReadsAtOnce"));
  exports.Set("loadMissed", Napi::Function::New(env, loadMissed, "loadMissed"));
}

}  // namespace millrace
