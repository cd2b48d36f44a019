#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "../base/result.h"

namespace millrace {

/// A JavaScript error that `storage/native_log.ts` turns into a LogStoreError.
[[nodiscard]] inline Napi::Error toJs(Napi::Env env, const Error& error) {
  static constexpr const char* kKinds[] = {"IO", "NO_SPACE", "CORRUPT", "LOCKED", "CLOSED", "BAD_ARGUMENTS", "NO_DESCRIPTORS", "OTHER_OWNER", "MUST_WAIT"};
  Napi::Error result = Napi::Error::New(env, error.operation + " " + error.path + ": " + error.detail);
  result.Set("kind", kKinds[static_cast<int>(error.kind)]);
  result.Set("operation", error.operation);
  result.Set("path", error.path);
  result.Set("errno", Napi::Number::New(env, error.code));
  result.Set("detail", error.detail);
  return result;
}

/// Bytes of a Uint8Array argument; size 0 and null when it is something else.
struct ByteSpan {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

[[nodiscard]] inline ByteSpan bytesOf(napi_env env, napi_value value) {
  bool typed = false;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return {};
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != napi_uint8_array) return {};
  return {static_cast<std::uint8_t*>(data), length};
}

/// Elements of a Float64Array argument, null when it is something else or shorter than `least`.
[[nodiscard]] inline double* doublesOf(napi_env env, napi_value value, std::size_t least) {
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  bool typed = false;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  return type == napi_float64_array && length >= least ? static_cast<double*>(data) : nullptr;
}

[[nodiscard]] inline std::int64_t int64Of(napi_env env, napi_value value) {
  std::int64_t result = 0;
  (void)napi_get_value_int64(env, value, &result);
  return result;
}

[[nodiscard]] inline bool boolOf(napi_env env, napi_value value) {
  bool result = false;
  (void)napi_get_value_bool(env, value, &result);
  return result;
}

}  // namespace millrace
