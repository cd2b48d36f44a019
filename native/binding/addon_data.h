#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../io/open_files.h"
#include "../io/reads_at_once.h"
#include "convert.h"
#include "log_numbers.h"
#include "region_table.h"

namespace millrace {

class NativeLog;
class NativeServer;

/// Objects that the calls of the hot path name by number: to unwrap a JavaScript object costs more than all else of such a call. A
/// number is used as long as its object lives, which JavaScript holds while it uses the number. Loop thread only.
template <typename T>
class HandleTable {
 public:
  [[nodiscard]] std::uint32_t add(T& object) {
    if (free_.empty()) {
      objects_.push_back(&object);
      return static_cast<std::uint32_t>(objects_.size() - 1);
    }
    const std::uint32_t handle = free_.back();
    free_.pop_back();
    objects_[handle] = &object;
    return handle;
  }
  void remove(std::uint32_t handle) {
    objects_[handle] = nullptr;
    free_.push_back(handle);
  }
  /// Null when the number names nothing.
  [[nodiscard]] T* at(double handle) const noexcept {
    return handle >= 0 && handle < static_cast<double>(objects_.size()) ? objects_[static_cast<std::size_t>(handle)] : nullptr;
  }

 private:
  std::vector<T*> objects_;
  std::vector<std::uint32_t> free_;
};

/// What a read that was not to wait for the medium did not find in memory.
struct MissedRead {
  std::string path;
  ReadsAtOnce::Range range;
};

/// Everything the addon keeps, per environment (worker threads load their own). No process globals.
struct AddonData {
  /// Numbers in `block`.
  static constexpr std::size_t kBlockNumbers = 256;

  RegionTable regions;
  /// Of all log directories of this environment. Until a broker says how many may be open, as many as the process's limit lets.
  std::shared_ptr<OpenFiles> openFiles = std::make_shared<OpenFiles>(OpenFiles::mostByLimit());
  std::shared_ptr<HandleTable<NativeLog>> logs = std::make_shared<HandleTable<NativeLog>>();
  LogNumbers logNumbers;
  std::shared_ptr<HandleTable<NativeServer>> servers = std::make_shared<HandleTable<NativeServer>>();

  /// A Float64Array that JavaScript and the calls of the hot path both see: their numbers go in and come out here, which costs
  /// nothing, while each argument of a call does.
  double* block = nullptr;
  Napi::ObjectReference blockReference;

  /// The buffer that responses are encoded into, as last given by `setOutput`, and held until another is given.
  ByteSpan output;
  Napi::ObjectReference outputReference;

  /// Between `beginReadsAtOnce` and `endReadsAtOnce`.
  std::optional<ReadsAtOnce> readsAtOnce;
  /// For `loadMissed`.
  MissedRead missed;

  /// The batch last given to `inspectBatch` or `holdBatch`. JavaScript calls `appendBatch` only while it has that memory in hand.
  ByteSpan batch;
};

[[nodiscard]] inline AddonData& addonData(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

/// What `defineFast` bound to the function that is being called.
[[nodiscard]] inline AddonData& boundData(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  (void)napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return *static_cast<AddonData*>(data);
}

/// A function of the hot path: numbers in `AddonData::block`, no wrapper around the call.
void defineFast(Napi::Env env, Napi::Object exports, const char* name, napi_callback function);

/// A whole number of `block`; what no int64 can hold is the nearest that it can.
[[nodiscard]] inline std::int64_t wholeOf(double number) noexcept {
  if (number >= 9223372036854775807.0) return std::numeric_limits<std::int64_t>::max();
  if (number <= -9223372036854775808.0) return std::numeric_limits<std::int64_t>::min();
  return std::isnan(number) ? 0 : static_cast<std::int64_t>(number);
}

/// Each part of the binding registers its classes and functions on the exports object.
void initLogBinding(Napi::Env env, Napi::Object exports);
void initNetBinding(Napi::Env env, Napi::Object exports);
void initRebuildBinding(Napi::Env env, Napi::Object exports);
void initLockBinding(Napi::Env env, Napi::Object exports);
void initReadsAtOnceBinding(Napi::Env env, Napi::Object exports);

}  // namespace millrace
