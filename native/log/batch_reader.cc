#include "batch_reader.h"

#include <algorithm>

namespace millrace {

Status BatchReader::fill(std::int64_t from, std::int64_t size) {
  if (from >= windowFrom_ && from + size <= windowFrom_ + windowSize_) return Done{};
  const auto wanted = static_cast<std::size_t>(std::min(std::max(size, kWindowBytes), end_ - from));
  if (window_.size() < wanted) window_.resize(wanted);
  auto got = file_.readFully(window_.data(), wanted, static_cast<std::uint64_t>(from));
  if (!got.ok()) return got.error();
  windowFrom_ = from;
  windowSize_ = static_cast<std::int64_t>(got.value());
  return Done{};
}

Result<std::optional<LocatedBatch>> BatchReader::next() {
  constexpr auto kHeader = static_cast<std::int64_t>(batch::kHeaderBytes);
  if (position_ + kHeader > end_) return std::optional<LocatedBatch>{};
  if (auto status = fill(position_, kHeader); !status.ok()) return status.error();
  if (windowFrom_ + windowSize_ < position_ + kHeader) return std::optional<LocatedBatch>{};
  last_ = {BatchHeader::load(window_.data() + (position_ - windowFrom_)), position_};
  if (!plausible(last_.header) || last_.endPosition() > end_) return std::optional<LocatedBatch>{};
  position_ = last_.endPosition();
  return std::optional<LocatedBatch>{last_};
}

Result<ByteView> BatchReader::bytes() {
  if (auto status = fill(last_.position, last_.header.sizeBytes); !status.ok()) return status.error();
  const std::int64_t at = last_.position - windowFrom_;
  return ByteView(window_.data() + at, static_cast<std::size_t>(std::min(last_.header.sizeBytes, windowSize_ - at)));
}

}  // namespace millrace
