#pragma once

#include <napi.h>

#include <memory>

#include "../log/cleaning_job.h"

namespace millrace {

inline constexpr std::size_t kCleaningNumbers = 10;
[[nodiscard]] CleaningOptions cleaningOptionsOf(const double* numbers, const double* producers, std::size_t producerCount);

/// One round of cleaning one log, made by `NativeLog.beginCleaning`. Its steps run on libuv's pool, one at a time; what they made
/// is taken over by the log on the loop between them.
class NativeCleaning : public Napi::ObjectWrap<NativeCleaning> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeCleaning(const Napi::CallbackInfo& info);

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value abandon(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);

  std::shared_ptr<CleaningJob> job_;
  Napi::ObjectReference log_;
};

}  // namespace millrace
