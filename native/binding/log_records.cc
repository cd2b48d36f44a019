#include "log_records.h"

#include <optional>

namespace millrace {

const std::shared_ptr<NativeLog*>& NativeLog::self() {
  if (self_ == nullptr) self_ = std::make_shared<NativeLog*>(log_ == nullptr ? nullptr : this);
  return self_;
}

bool NativeLog::readAgain(std::int64_t offset, std::int64_t limitBytes, bool first, bool committed, RepeatedFetch::Found& found) {
  const std::int64_t offered = wholeOf(offsets_[kOffered]);
  if (offered < 0 || offset < log_->logStartOffset() || offset > offered || (committed && offsets_[5] != 0)) return false;
  found.highWatermark = offered;
  found.logStartOffset = log_->logStartOffset();
  found.account = account_;
  if (offset == offered || (limitBytes == 0 && !first)) return true;
  const ReadsAtOnce atOnce;
  auto result = log_->read(offset, limitBytes, offered, first);
  if (!result.ok()) return false;
  if (!result.value().has_value()) return !first;
  found.region = std::move(result.value()->region);
  found.region.account = account_;
  return true;
}

}  // namespace millrace
