#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "../io/file_region.h"
#include "../io/file_views.h"
#include "../io/page_cache.h"
#include "egress_ledger.h"

namespace millrace {

/// What the sends of one loop share.
struct SendScratch {
  std::vector<std::uint8_t> copied;  ///< bytes of files in the call at hand
  FileViews views;
};

/// Responses on their way to one socket, in order: memory and file regions. Large regions leave by sendfile, small ones by one
/// copy together with their neighbours in one call: from where they are mapped, or through a scratch buffer. A region keeps its file
/// pinned until its last byte was taken by the kernel; nothing is kept in memory for a region that waits.
class SendQueue {
 public:
  /// Bytes gathered for one call, and the size of the scratch buffer.
  static constexpr std::size_t kGatherBytes = 256 * 1024;
  /// A buffer up to this size is kept for the next response; a connection that is idle has no more.
  static constexpr std::size_t kSpareBytes = 4 * 1024;
  /// Memory up to this size is gathered in one part. A part is given back when all of it was sent, so parts must not grow for ever
  /// while a slow reader is always a little behind.
  static constexpr std::size_t kPartFillBytes = 64 * 1024;
  /// A part's own size with that of its allocation.
  static constexpr std::size_t kPartBytes = 128;
  /// Bytes one flush may send, so that one fast reader does not hold up the others.
  static constexpr std::size_t kFlushBytes = 4 * 1024 * 1024;

  /// Regions are counted in `topics` by their account, too.
  explicit SendQueue(EgressTable* topics = nullptr) noexcept : topics_(topics) {}

  void pushBytes(const std::uint8_t* bytes, std::size_t size);
  void pushRegion(FileRegion region);
  /// What is pushed from here on belongs to the next response.
  void endResponse() noexcept { inAnswer_ = false; }

  /// What has to be read from the medium before a flush that ended with kCold can go on.
  struct Cold {
    std::shared_ptr<const UniqueFd> file;
    off_t position = 0;
    std::size_t sizeBytes = 0;
  };
  /// Bytes brought in ahead of a slow start at once.
  static constexpr std::size_t kColdWindowBytes = 1024 * 1024;

  enum class Outcome { kEmpty, kBlocked, kYield, kCold, kFailed };
  /// Sends until the queue is empty (kEmpty), the socket takes no more (kBlocked), the share of this turn is used up (kYield),
  /// bytes of a file are not in memory (kCold: see `cold`) or the connection is lost (kFailed, also when bytes of a
  /// region were cut off its file). Never waits for the medium.
  [[nodiscard]] Outcome flush(int fd, PageCache& cache, std::size_t sendfileMinBytes, SendScratch& scratch, EgressStatistics& statistics);
  /// A response of one region between two pieces of memory, straight from where they lie, when nothing waits before it and the region is
  /// mapped already: one call, and no parts. What the socket does not take is queued (kBlocked). Nothing when it has to be queued as a
  /// whole; the region is untouched then.
  [[nodiscard]] std::optional<Outcome> sendAround(int fd, PageCache& cache, SendScratch& scratch, std::span<const std::uint8_t> before,
                                                  FileRegion& region, std::span<const std::uint8_t> behind, EgressStatistics& statistics);
  [[nodiscard]] const Cold& cold() const noexcept { return cold_; }
  /// What `cold` named was read (or cannot be): the next flush takes it as it comes, so that it always gets further.
  void loaded() noexcept;

  /// Drops what was not sent; pins end here.
  void clear();
  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }
  [[nodiscard]] std::size_t memoryBytes() const noexcept { return memoryBytes_; }
  /// With what the queue itself needs for its parts: what a reader that does not read costs.
  [[nodiscard]] std::size_t weightBytes() const noexcept { return memoryBytes_ + parts_.size() * kPartBytes; }
  [[nodiscard]] std::size_t spareBytes() const noexcept { return spare_.capacity(); }
  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }

 private:
  struct Part {
    std::vector<std::uint8_t> bytes;  ///< used when region.file is null
    std::size_t sent = 0;
    FileRegion region;
    std::uint64_t warmUntil = 0;    ///< position up to which the region was in memory when looked at
    std::uint64_t loadedUntil = 0;  ///< position up to which a thread had to read it from the medium
    bool besideRecords = false;     ///< memory before or behind a region
    bool beginsAnswer = false;      ///< the first region of its response
    bool beginsTopic = false;       ///< the first region of its topic in its response
    [[nodiscard]] std::size_t left() const noexcept { return region.file == nullptr ? bytes.size() - sent : region.sizeBytes; }
  };
  [[nodiscard]] Outcome sendGathered(int fd, PageCache& cache, std::size_t sendfileMinBytes, SendScratch& scratch,
                                     EgressStatistics& statistics, std::size_t& sent);
  [[nodiscard]] Outcome sendRegion(int fd, PageCache& cache, EgressStatistics& statistics, std::size_t& sent);
  Outcome waitFor(const Part& part, EgressStatistics& statistics);
  void consume(std::size_t bytes, EgressStatistics& statistics);
  void popFront(EgressStatistics& statistics);
  /// A region was sent whole: the first of its response, and of its topic in that?
  void countRegion(EgressStatistics& statistics, std::uint32_t account, bool beginsAnswer, bool beginsTopic) noexcept;
  /// Counts for everybody and for the topic.
  void tally(EgressStatistics& statistics, std::uint32_t account, std::uint64_t EgressStatistics::* what, std::uint64_t by = 1) noexcept {
    statistics.*what += by;
    if (topics_ != nullptr) topics_->at(account).*what += by;
  }

  std::deque<Part> parts_;
  std::size_t memoryBytes_ = 0;
  std::vector<std::uint8_t> spare_;
  Cold cold_;
  EgressTable* topics_;
  bool inAnswer_ = false;          ///< the response being pushed has a region
  std::uint32_t pushAccount_ = 0;  ///< of the last region pushed
  std::uint32_t sentAccount_ = 0;  ///< of the last region sent whole
};

/// One send of memory, for who has no queue: how much the socket took (0 when it takes nothing now); nothing when the connection is lost.
[[nodiscard]] std::optional<std::size_t> sendAtOnce(int fd, const std::uint8_t* bytes, std::size_t size) noexcept;

}  // namespace millrace
