#include <napi.h>

#include "addon_data.h"

namespace millrace {

void defineFast(Napi::Env env, Napi::Object exports, const char* name, napi_callback function) {
  napi_value created = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, &addonData(env), &created) == napi_ok) exports.Set(name, created);
}

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* const data = new AddonData();
  env.SetInstanceData(data);  // freed by Node when the environment ends
  Napi::Float64Array block = Napi::Float64Array::New(env, AddonData::kBlockNumbers);
  data->block = block.Data();
  data->blockReference = Napi::Persistent(block.As<Napi::Object>());
  exports.Set("block", block);
  initLogBinding(env, exports);
  initNetBinding(env, exports);
  initRebuildBinding(env, exports);
  initLockBinding(env, exports);
  initReadsAtOnceBinding(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(millrace, init)

}  // namespace millrace
