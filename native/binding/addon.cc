#include <napi.h>

#include "addon_data.h"

namespace millrace {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData());  // freed by Node when the environment ends
  initLogBinding(env, exports);
  initNetBinding(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(millrace, init)

}  // namespace millrace
