#include "send_queue.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "socket_calls.h"

namespace millrace {

namespace {

/// Of a send that failed: later it may not.
bool isBlocked(int code) noexcept { return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS; }

}  // namespace

std::optional<std::size_t> sendAtOnce(int fd, const std::uint8_t* bytes, std::size_t size) noexcept {
  const ssize_t sent = millraceSend(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EINTR || isBlocked(errno)) return 0;
  return std::nullopt;
}

void SendQueue::pushBytes(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return;
  memoryBytes_ += size;
  if (!parts_.empty() && parts_.back().region.file == nullptr && parts_.back().bytes.size() + size <= kPartFillBytes) {
    parts_.back().bytes.insert(parts_.back().bytes.end(), bytes, bytes + size);
    return;
  }
  Part part;
  part.besideRecords = !parts_.empty() && parts_.back().region.file != nullptr;
  part.bytes.swap(spare_);
  part.bytes.assign(bytes, bytes + size);
  parts_.push_back(std::move(part));
}

void SendQueue::pushRegion(FileRegion region) {
  if (region.sizeBytes == 0) return;
  Part part;
  part.beginsAnswer = !inAnswer_;
  part.beginsTopic = !inAnswer_ || pushAccount_ != region.account;
  inAnswer_ = true;
  pushAccount_ = region.account;
  if (!parts_.empty()) parts_.back().besideRecords = true;
  part.region = std::move(region);
  parts_.push_back(std::move(part));
}

void SendQueue::countRegion(EgressStatistics& statistics, std::uint32_t account, bool beginsAnswer, bool beginsTopic) noexcept {
  sentAccount_ = account;
  tally(statistics, account, &EgressStatistics::regions);
  if (beginsAnswer) ++statistics.answers;
  if (beginsTopic && topics_ != nullptr) ++topics_->at(account).answers;
}

void SendQueue::popFront(EgressStatistics& statistics) {
  Part& front = parts_.front();
  if (front.region.file != nullptr) {
    countRegion(statistics, front.region.account, front.beginsAnswer, front.beginsTopic);
  } else if (front.bytes.capacity() <= kSpareBytes) {
    front.bytes.clear();
    spare_.swap(front.bytes);
  }
  parts_.pop_front();
}

void SendQueue::clear() {
  parts_.clear();
  memoryBytes_ = 0;
  inAnswer_ = false;
}

void SendQueue::consume(std::size_t bytes, EgressStatistics& statistics) {
  while (bytes > 0) {
    Part& front = parts_.front();
    const std::size_t step = std::min(bytes, front.left());
    if (front.region.file == nullptr) {
      front.sent += step;
      memoryBytes_ -= step;
      statistics.bytesFromMemory += step;
    } else {
      const FileRegion& region = front.region;
      tally(statistics, region.account, &EgressStatistics::bytesCopied, step);
      if (region.position < front.loadedUntil)
        tally(statistics, region.account, &EgressStatistics::bytesCopiedCold, std::min<std::uint64_t>(step, front.loadedUntil - region.position));
      front.region.position += step;
      front.region.sizeBytes -= step;
    }
    bytes -= step;
    if (front.left() == 0) popFront(statistics);
  }
}

/// The loop goes on without these bytes until they are in memory.
SendQueue::Outcome SendQueue::waitFor(const Part& part, EgressStatistics& statistics) {
  part.region.file->readAhead();
  cold_ = {part.region.file->descriptor(), static_cast<off_t>(part.region.position), std::min<std::size_t>(part.region.sizeBytes, kColdWindowBytes)};
  tally(statistics, part.region.account, &EgressStatistics::coldStops);
  tally(statistics, part.region.account, &EgressStatistics::bytesLoaded, cold_.sizeBytes);
  return Outcome::kCold;
}

void SendQueue::loaded() noexcept {
  if (!parts_.empty()) parts_.front().warmUntil = parts_.front().loadedUntil = static_cast<std::uint64_t>(cold_.position) + cold_.sizeBytes;
  cold_ = {};
}

SendQueue::Outcome SendQueue::sendGathered(int fd, PageCache& cache, std::size_t sendfileMinBytes, SendScratch& scratch,
                                           EgressStatistics& statistics, std::size_t& sent) {
  constexpr std::size_t kMaxParts = 64;
  struct iovec vectors[kMaxParts];
  std::size_t count = 0;
  std::size_t gathered = 0;
  std::size_t scratchUsed = 0;
  bool fileFollows = false;
  bool beside = false;
  const FileRegion* records = nullptr;  // the first in this call, or the one that follows it
  scratch.copied.resize(kGatherBytes);
  scratch.views.nextRound();
  for (Part& part : parts_) {
    if (count == kMaxParts || gathered >= kGatherBytes) break;
    if (part.region.file == nullptr) {
      vectors[count++] = {part.bytes.data() + part.sent, part.left()};
      gathered += part.left();
      beside = beside || part.besideRecords;
      continue;
    }
    if (records == nullptr) records = &part.region;
    if (part.region.sizeBytes >= sendfileMinBytes) {
      fileFollows = true;
      break;
    }
    const std::size_t step = std::min<std::size_t>(part.region.sizeBytes, kGatherBytes - scratchUsed);
    if (step == 0) break;
    if (!part.region.whole()) return Outcome::kFailed;
    const std::uint8_t* const view = cache.mayMap() ? scratch.views.view(*part.region.file, part.region.position, step) : nullptr;
    if (view != nullptr) {
      vectors[count++] = {const_cast<std::uint8_t*>(view), step};
      gathered += step;
      if (step < part.region.sizeBytes) break;
      continue;
    }
    ssize_t got;
    do {
      const int file = part.region.file->get();
      const auto position = static_cast<off_t>(part.region.position);
      const bool warm = part.region.position + step <= part.warmUntil;
      got = warm ? ::pread(file, scratch.copied.data() + scratchUsed, step, position) : cache.read(file, scratch.copied.data() + scratchUsed, step, position);
      tally(statistics, part.region.account, &EgressStatistics::preadCalls);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
      if (count > 0) break;  // what lies before it can leave already
      return waitFor(part, statistics);
    }
    if (got <= 0) return Outcome::kFailed;
    vectors[count++] = {scratch.copied.data() + scratchUsed, static_cast<std::size_t>(got)};
    scratchUsed += static_cast<std::size_t>(got);
    gathered += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < part.region.sizeBytes) break;
  }
  struct msghdr message {};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  // A header before a sendfile waits for it, so that both leave in full segments.
  const ssize_t written = millraceSendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (fileFollows ? MSG_MORE : 0));
  ++statistics.sendCalls;
  if (beside || records != nullptr)
    tally(statistics, records != nullptr ? records->account : sentAccount_, &EgressStatistics::recordSendCalls);
  if (written < 0) {
    if (errno == EINTR) return Outcome::kYield;
    return isBlocked(errno) ? Outcome::kBlocked : Outcome::kFailed;
  }
  consume(static_cast<std::size_t>(written), statistics);
  sent += static_cast<std::size_t>(written);
  return static_cast<std::size_t>(written) < gathered ? Outcome::kBlocked : Outcome::kYield;
}

std::optional<SendQueue::Outcome> SendQueue::sendAround(int fd, PageCache& cache, SendScratch& scratch, std::span<const std::uint8_t> before,
                                                        FileRegion& region, std::span<const std::uint8_t> behind, EgressStatistics& statistics) {
  if (!parts_.empty() || region.sizeBytes == 0 || !cache.mayMap() || !region.whole()) return std::nullopt;
  scratch.views.nextRound();
  const std::size_t records = region.sizeBytes;
  const std::uint8_t* const view = scratch.views.mapped(*region.file, region.position, records);
  if (view == nullptr) return std::nullopt;
  struct iovec vectors[] = {{const_cast<std::uint8_t*>(before.data()), before.size()},
                            {const_cast<std::uint8_t*>(view), records},
                            {const_cast<std::uint8_t*>(behind.data()), behind.size()}};
  struct msghdr message {};
  message.msg_iov = vectors;
  message.msg_iovlen = behind.empty() ? 2 : 3;
  const ssize_t written = millraceSendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  ++statistics.sendCalls;
  tally(statistics, region.account, &EgressStatistics::recordSendCalls);
  if (written < 0 && errno != EINTR && !isBlocked(errno)) return Outcome::kFailed;
  std::size_t left = written < 0 ? 0 : static_cast<std::size_t>(written);
  const auto sentOf = [&left](std::size_t size) {
    const std::size_t step = std::min(left, size);
    left -= step;
    return step;
  };
  const std::size_t sentBefore = sentOf(before.size());
  const std::size_t sentRecords = sentOf(records);
  const std::size_t sentBehind = sentOf(behind.size());
  statistics.bytesFromMemory += sentBefore + sentBehind;
  tally(statistics, region.account, &EgressStatistics::bytesCopied, sentRecords);
  pushBytes(before.data() + sentBefore, before.size() - sentBefore);
  if (sentRecords == records) {
    countRegion(statistics, region.account, true, true);
  } else {
    region.position += sentRecords;
    region.sizeBytes -= sentRecords;
    pushRegion(std::move(region));
  }
  pushBytes(behind.data() + sentBehind, behind.size() - sentBehind);
  if (parts_.empty()) return Outcome::kEmpty;
  parts_.back().besideRecords = true;
  return Outcome::kBlocked;
}

SendQueue::Outcome SendQueue::sendRegion(int fd, PageCache& cache, EgressStatistics& statistics, std::size_t& sent) {
  Part& part = parts_.front();
  FileRegion& region = part.region;
  off_t position = static_cast<off_t>(region.position);
  if (!region.whole()) return Outcome::kFailed;
  if (region.position >= part.warmUntil) {
    const auto window = std::min<std::size_t>(region.sizeBytes, kColdWindowBytes);
    const int file = region.file->get();
    if (!cache.holds(file, position, window) || (region.file->wasReadAhead() && !cache.arrived(file, position, window))) return waitFor(part, statistics);
    part.warmUntil = region.position + window;
  }
  const ssize_t written = ::sendfile(fd, region.file->get(), &position, part.warmUntil - region.position);
  tally(statistics, region.account, &EgressStatistics::sendfileCalls);
  if (written < 0) {
    if (errno == EINTR) return Outcome::kYield;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::kBlocked : Outcome::kFailed;
  }
  // The file ends before the region does (somebody else has cut it): the frame can never be completed.
  if (written == 0) return Outcome::kFailed;
  const auto step = static_cast<std::size_t>(written);
  region.position += step;
  region.sizeBytes -= step;
  tally(statistics, region.account, &EgressStatistics::bytesSendfile, step);
  sent += step;
  if (region.sizeBytes == 0) popFront(statistics);
  return Outcome::kYield;
}

SendQueue::Outcome SendQueue::flush(int fd, PageCache& cache, std::size_t sendfileMinBytes, SendScratch& scratch,
                                    EgressStatistics& statistics) {
  std::size_t sent = 0;
  while (!parts_.empty()) {
    if (sent >= kFlushBytes) return Outcome::kYield;
    const FileRegion& region = parts_.front().region;
    const bool large = region.file != nullptr && region.sizeBytes >= sendfileMinBytes;
    const Outcome outcome = large ? sendRegion(fd, cache, statistics, sent) : sendGathered(fd, cache, sendfileMinBytes, scratch, statistics, sent);
    if (outcome != Outcome::kYield) return outcome;
  }
  return Outcome::kEmpty;
}

}  // namespace millrace
