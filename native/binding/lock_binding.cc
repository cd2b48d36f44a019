#include <memory>

#include "../io/directory_lock.h"
#include "addon_data.h"
#include "convert.h"

namespace millrace {
namespace {

/// The `.lock` of a directory that no broker of this process serves: for tools. Given up by `release`, or with the object.
class NativeLock : public Napi::ObjectWrap<NativeLock> {
 public:
  static Napi::Function define(Napi::Env env) { return DefineClass(env, "NativeLock", {InstanceMethod<&NativeLock::release>("release")}); }

  explicit NativeLock(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeLock>(info) {
    const std::string path = info[0].As<Napi::String>().Utf8Value();
    const bool exclusive = info[1].As<Napi::Boolean>().Value();
    auto taken = exclusive ? DirectoryLock::take(posixFileSystem(), path) : DirectoryLock::takeShared(posixFileSystem(), path);
    if (taken.ok()) lock_ = std::make_unique<DirectoryLock>(std::move(taken.value()));
    else toJs(info.Env(), taken.error()).ThrowAsJavaScriptException();
  }

 private:
  Napi::Value release(const Napi::CallbackInfo& info) {
    lock_.reset();
    return info.Env().Undefined();
  }

  std::unique_ptr<DirectoryLock> lock_;
};

}  // namespace

void initLockBinding(Napi::Env env, Napi::Object exports) { exports.Set("NativeLock", NativeLock::define(env)); }

}  // namespace millrace
