#pragma once

#include <napi.h>

#include "region_table.h"

namespace millrace {

/// Everything the addon keeps, per environment (worker threads load their own). No process globals.
struct AddonData {
  RegionTable regions;
};

[[nodiscard]] inline AddonData& addonData(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

/// Each part of the binding registers its classes and functions on the exports object.
void initLogBinding(Napi::Env env, Napi::Object exports);
void initNetBinding(Napi::Env env, Napi::Object exports);

}  // namespace millrace
