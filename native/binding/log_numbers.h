#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace {

/// Numbers of logs that JavaScript reads without a call, by the number of the log in `AddonData::logs`: eight of each, in one line of the
/// cache, in arrays that many logs share. An array of its own would be three lines more of each log. Loop thread only.
class LogNumbers {
 public:
  static constexpr std::size_t kOfEach = 8;

  struct Place {
    Napi::Float64Array array;
    std::size_t at;  ///< of its first number in `array`
    double* numbers;
  };

  /// The same place as long as the environment lives.
  [[nodiscard]] Place of(Napi::Env env, std::uint32_t handle) {
    while (arrays_.size() <= handle / kLogsOfAnArray) add(env);
    Numbers& found = arrays_[handle / kLogsOfAnArray];
    const std::size_t at = found.first + handle % kLogsOfAnArray * kOfEach;
    return {found.array.Value(), at, found.data + at};
  }

 private:
  static constexpr std::size_t kLogsOfAnArray = 512;
  static constexpr std::size_t kLineBytes = kOfEach * sizeof(double);

  struct Numbers {
    Napi::Reference<Napi::Float64Array> array;
    double* data;
    std::size_t first;  ///< that begins a line
  };

  void add(Napi::Env env) {
    Napi::Float64Array array = Napi::Float64Array::New(env, (kLogsOfAnArray + 1) * kOfEach);
    double* const data = array.Data();
    const std::size_t over = reinterpret_cast<std::uintptr_t>(data) % kLineBytes;
    arrays_.push_back({Napi::Persistent(array), data, over == 0 ? 0 : (kLineBytes - over) / sizeof(double)});
  }

  std::vector<Numbers> arrays_;
};

}  // namespace millrace
