#pragma once

#include <string>
#include <utility>
#include <variant>

namespace millrace {

/// Why an operation failed. `code` is an errno or 0. kMustWait: a read while a `ReadsAtOnce` lives; nothing is wrong.
struct Error {
  enum class Kind { kIo, kNoSpace, kCorrupt, kLocked, kClosed, kBadArguments, kNoDescriptors, kOtherOwner, kMustWait };

  Kind kind = Kind::kIo;
  std::string operation;
  std::string path;
  int code = 0;
  std::string detail;
};

/// A value or the reason why there is none. No exceptions cross any boundary of the engine.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT: implicit on purpose
  Result(Error error) : state_(std::move(error)) {}    // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  [[nodiscard]] T& value() { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const { return std::get<0>(state_); }
  [[nodiscard]] Error& error() { return std::get<1>(state_); }
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

}  // namespace millrace
