#include "frame_reader.h"

#include <algorithm>
#include <cstring>

#include "../base/bytes.h"

namespace millrace {

FrameReader::Space FrameReader::space() {
  if (slab_ == nullptr) {
    slab_ = pool_.take(likelyBytes());
    begin_ = end_ = 0;
    if (slab_ == nullptr) return {};
  }
  const std::size_t pending = end_ - begin_;
  std::size_t wanted = kPrefixBytes;
  if (pending >= kPrefixBytes) wanted = kPrefixBytes + static_cast<std::size_t>(loadBe<std::uint32_t>(slab_->data + begin_));
  const bool fits = begin_ + wanted <= slab_->capacity;
  if (end_ < slab_->capacity && (fits || begin_ == 0)) return {slab_->data + end_, slab_->capacity - end_};
  if (pending == 0 && slab_->references == 1) {
    begin_ = end_ = 0;
    return {slab_->data, slab_->capacity};
  }
  // The frame does not fit behind what is here. Grow with what has arrived, not with what was announced; frames that are whole and
  // not handed out yet move along.
  const std::size_t next = std::min(std::max(wanted, SlabPool::kSmallestBytes), std::max(pending * 4, likelyBytes()));
  Slab* const larger = pool_.take(std::max(next, pending + 1));
  if (larger == nullptr) return {};
  std::memcpy(larger->data, slab_->data + begin_, pending);
  pool_.release(slab_);
  slab_ = larger;
  begin_ = 0;
  end_ = pending;
  return {slab_->data + end_, slab_->capacity - end_};
}

std::size_t FrameReader::likelyBytes() const noexcept {
  return std::clamp(lastBytes_, SlabPool::kSmallestBytes, kMostLikelyBytes);
}

CloseReason FrameReader::judge(const std::uint8_t* prefix, std::int32_t length) const noexcept {
  if (first_) {
    for (const char* verb : {"GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "PATC", "CONN"})
      if (std::memcmp(prefix, verb, 4) == 0) return CloseReason::kHttp;
    if (prefix[0] == 0x16 && prefix[1] == 0x03 && prefix[2] <= 4) return CloseReason::kTls;
  }
  if (length < 0) return CloseReason::kFrameNegativeLength;
  if (static_cast<std::size_t>(length) > limits_.maxFrameBytes) return CloseReason::kFrameTooLarge;
  if (static_cast<std::size_t>(length) < kMinFrameBytes) return CloseReason::kFrameTooShort;
  return CloseReason::kNone;
}

std::size_t FrameReader::announced() noexcept {
  if (announced_ != 0) return announced_;
  if (slab_ == nullptr || problem_ != CloseReason::kNone || end_ - begin_ < kPrefixBytes) return 0;
  const std::uint8_t* const prefix = slab_->data + begin_;
  const auto length = loadBe<std::int32_t>(prefix);
  problem_ = judge(prefix, length);
  if (problem_ != CloseReason::kNone) return 0;
  first_ = false;
  announced_ = static_cast<std::size_t>(length);
  return announced_;
}

bool FrameReader::next(Frame& frame) {
  if (!whole()) return false;
  const std::size_t size = kPrefixBytes + announced_;
  pool_.reference(slab_);
  frame = {slab_, begin_ + kPrefixBytes, begin_ + size};
  begin_ += size;
  lastBytes_ = size;
  announced_ = 0;
  return true;
}

void FrameReader::rest() {
  if (slab_ != nullptr && begin_ == end_) drop();
}

void FrameReader::abandon() {
  announced_ = 0;
  drop();
}

void FrameReader::drop() {
  if (slab_ == nullptr) return;
  pool_.release(slab_);
  slab_ = nullptr;
  begin_ = end_ = 0;
}

}  // namespace millrace
