#pragma once

#include <napi.h>

#include <string>
#include <utility>

#include "../base/unique_fd.h"
#include "../io/file_system.h"
#include "../io/page_cache.h"
#include "../io/reads_at_once.h"

namespace millrace {

/// A worker thread brings a part of a file into memory, so that who missed it finds it there.
class LoadWork : public Napi::AsyncWorker {
 public:
  LoadWork(Napi::Env env, std::string path, ReadsAtOnce::Range range)
      : Napi::AsyncWorker(env), path_(std::move(path)), range_(range), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    const UniqueFd file(openUnnoticed(path_.c_str()));
    if (file.valid()) kernelPageCache().load(file.get(), range_.position, range_.sizeBytes);
  }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    deferred_.Resolve(Env().Undefined());
  }

 private:
  std::string path_;
  ReadsAtOnce::Range range_;
  Napi::Promise::Deferred deferred_;
};

}  // namespace millrace
