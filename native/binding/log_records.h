#pragma once

#include <memory>
#include <utility>

#include "../net/repeated_fetch.h"
#include "log_binding.h"

namespace millrace {

/// The records of a log that JavaScript has opened; none once it has closed it.
class LogRecords : public RepeatedFetch::Records {
 public:
  explicit LogRecords(std::shared_ptr<NativeLog*> log) : log_(std::move(log)) {}

  [[nodiscard]] bool read(std::int64_t offset, std::int64_t limitBytes, bool first, bool committed, RepeatedFetch::Found& found) override {
    return *log_ != nullptr && (*log_)->readAgain(offset, limitBytes, first, committed, found);
  }

 private:
  const std::shared_ptr<NativeLog*> log_;  ///< null once it is closed, or collected
};

}  // namespace millrace
